"""The commands for Google Cloud: submitting, schedules, images, what it costs, what it refuses."""
