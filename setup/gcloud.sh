#!/bin/sh
# Prepares a Google Cloud project for tabpipe: sh setup/gcloud.sh PROJECT REGION BUCKET MEMBER
#
# MEMBER is the account that submits, for example user:ada@example.com. BUCKET is created in REGION,
# because Vertex AI does not train from dual-region and multi-region buckets. The script can be run
# again: it does not change what exists.
set -eu
if [ $# -ne 4 ]; then
  echo "usage: sh setup/gcloud.sh PROJECT REGION BUCKET MEMBER" >&2
  exit 2
fi
project=$1 region=$2 bucket=$3 member=$4
account="vertex-tabular@$project.iam.gserviceaccount.com"

gcloud services enable --project="$project" \
  aiplatform.googleapis.com artifactregistry.googleapis.com storage.googleapis.com \
  logging.googleapis.com iam.googleapis.com cloudbuild.googleapis.com

gcloud storage buckets describe "gs://$bucket" >/dev/null 2>&1 ||
  gcloud storage buckets create "gs://$bucket" --project="$project" --location="$region" \
    --uniform-bucket-level-access --public-access-prevention
gcloud artifacts repositories describe images --project="$project" --location="$region" \
  >/dev/null 2>&1 ||
  gcloud artifacts repositories create images --project="$project" --location="$region" \
    --repository-format=docker
gcloud iam service-accounts describe "$account" --project="$project" >/dev/null 2>&1 ||
  gcloud iam service-accounts create vertex-tabular --project="$project" \
    --display-name="Runs of vertex-tabular"

in_project() {
  gcloud projects add-iam-policy-binding "$project" --member="$1" --role="$2" \
    --condition=None --quiet >/dev/null
}
in_bucket() {
  gcloud storage buckets add-iam-policy-binding "gs://$bucket" --member="$1" --role="$2" \
    >/dev/null
}
as_account() {
  gcloud iam service-accounts add-iam-policy-binding "$account" --project="$project" \
    --member="$1" --role="$2" --quiet >/dev/null
}

# The account that submits.
in_project "$member" roles/aiplatform.user
in_project "$member" roles/logging.viewer
in_project "$member" roles/cloudbuild.builds.editor  # tabpipe image build
in_project "$member" roles/serviceusage.serviceUsageConsumer  # its calls name a quota project
in_bucket "$member" roles/storage.objectUser
as_account "$member" roles/iam.serviceAccountUser

# The account of the runs; the training step starts a job that has the same account.
in_project "serviceAccount:$account" roles/aiplatform.user
in_project "serviceAccount:$account" roles/logging.logWriter
in_project "serviceAccount:$account" roles/artifactregistry.reader
in_project "serviceAccount:$account" roles/artifactregistry.writer  # it builds the images too
in_bucket "serviceAccount:$account" roles/storage.objectUser
as_account "serviceAccount:$account" roles/iam.serviceAccountUser

cat <<END
tabpipe.toml for this project:

project = "$project"
region = "$region"
bucket = "gs://$bucket/tabular"
service_account = "$account"
END
