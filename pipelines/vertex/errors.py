"""The errors of Google's clients as this project's errors: one line each, with what to do."""

import contextlib
import re
from collections.abc import Iterator

import requests.exceptions
from google.api_core import exceptions, retry
from google.auth import exceptions as auth

from trainer.errors import InputError, TabularError

# These do not say whether the request was carried out, so only a request that may be repeated is
# sent again.
LOST = (exceptions.ServiceUnavailable, exceptions.DeadlineExceeded)
ATTEMPT_SECONDS = 30.0
RETRY = retry.Retry(
    predicate=retry.if_exception_type(*LOST), initial=0.25, maximum=10.0, timeout=60.0
)


@contextlib.contextmanager
def translate_errors(doing: str) -> Iterator[None]:
    """Turns what Google's clients raise into this project's errors.

    Args:
        doing: what was attempted, for the message: "submit the run".

    Raises:
        InputError: Google refused the request because of its content.
        TabularError: no permission, a quota, or no answer.
    """
    try:
        yield
    except exceptions.Forbidden as error:
        raise TabularError(f"cannot {doing}: {_text(error)}; {_cure(error)}") from None
    except exceptions.TooManyRequests as error:
        raise TabularError(
            f"cannot {doing}: {_text(error)}; wait, or request a higher quota at "
            "https://console.cloud.google.com/iam-admin/quotas"
        ) from None
    except exceptions.ClientError as error:
        raise InputError(f"cannot {doing}: {_text(error)}") from None
    except (*LOST, exceptions.ServerError, exceptions.RetryError) as error:
        raise TabularError(
            f"cannot {doing}: Google does not answer: {_text(error)}; try again later"
        ) from None
    except auth.DefaultCredentialsError as error:
        raise InputError(
            f"cannot {doing}: no credentials: {_text(error)}; "
            "run: gcloud auth application-default login"
        ) from None
    except auth.GoogleAuthError as error:
        raise TabularError(f"cannot {doing}: invalid credentials: {_text(error)}") from None
    except requests.exceptions.ConnectionError as error:
        raise TabularError(f"cannot {doing}: no connection: {_text(error)}") from None


def _cure(error: exceptions.Forbidden) -> str:
    """What helps against a 403, which has three causes.

    The reasons: https://cloud.google.com/docs/authentication/troubleshoot-adc and
    google.rpc.ErrorInfo of the Service Usage API.
    """
    text = _text(error)
    if error.reason == "SERVICE_DISABLED" or "has not been used in project" in text:
        api = re.search(r"[a-z]+\.googleapis\.com", f"{dict(error.metadata or {})} {text}")
        name = api[0] if api else "the API"
        return f"the API is off: gcloud services enable {name} --project PROJECT"
    if error.reason == "USER_PROJECT_DENIED" or re.search("quota project|serviceusage", text):
        return (
            "a user's calls count against the project's quota, which needs "
            "roles/serviceusage.serviceUsageConsumer; tabpipe doctor prints what grants it"
        )
    return "the account that runs tabpipe lacks a role; tabpipe doctor says which"


def _text(error: Exception) -> str:
    """The message in one line, without the causes that a client appends to it."""
    message = error.message if isinstance(error, exceptions.GoogleAPICallError) else str(error)
    return " ".join(str(message).split()).rstrip(".")
