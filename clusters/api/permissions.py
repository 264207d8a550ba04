"""What a role may do: the permissions of the model behind a view."""

from __future__ import annotations

from rest_framework.permissions import DjangoModelPermissions


class ModelPermissions(DjangoModelPermissions):
    """As Django's, and reading needs the model's view permission, too."""

    perms_map = {
        **DjangoModelPermissions.perms_map,
        "GET": ["%(app_label)s.view_%(model_name)s"],
        "HEAD": ["%(app_label)s.view_%(model_name)s"],
        "OPTIONS": ["%(app_label)s.view_%(model_name)s"],
    }


class ChangePermission(ModelPermissions):
    """For actions that change an object although they are sent by POST."""

    perms_map = {**ModelPermissions.perms_map, "POST": ModelPermissions.perms_map["PATCH"]}


class ViewPermission(ModelPermissions):
    """For actions that only look, although they are no GET because they ask the cluster at once."""

    perms_map = dict.fromkeys(("GET", "HEAD", "OPTIONS", "POST"), ModelPermissions.perms_map["GET"])
