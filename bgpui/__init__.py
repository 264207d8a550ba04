"""The Django project: settings, urls, asgi, the Celery application, the API's root, login and roles."""
