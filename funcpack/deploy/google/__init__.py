"""Cloud Run and Cloud Functions."""
