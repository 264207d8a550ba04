"""The pages of alarms: what fires, what is watched for, who is told, and when nobody is."""
