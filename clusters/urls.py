"""The pages of the clusters."""

from __future__ import annotations

from django.urls import path

from clusters import views
from clusters.baseline import views as baseline
from clusters.changesets import views as changesets
from clusters.changesets import yaml_views
from clusters.connecting import views as connecting
from clusters.history import views as history
from clusters.trials import views as trials

urlpatterns = [
    path("clusters/", views.clusters, name="clusters"),
    path("clusters/new/", connecting.cluster_new, name="cluster-new"),
    path("clusters/<slug:name>/", views.cluster, name="cluster"),
    path("clusters/<slug:name>/baseline/", baseline.baseline, name="baseline"),
    path("clusters/<slug:name>/credentials/", connecting.cluster_credentials, name="cluster-credentials"),
    path("clusters/<slug:name>/set/", connecting.cluster_set, name="cluster-set"),
    path("clusters/<slug:name>/observe/", connecting.cluster_observe, name="cluster-observe"),
    path("clusters/<slug:name>/remove/", connecting.cluster_remove, name="cluster-remove"),
    path("import/", yaml_views.yaml_import, name="import"),
    path("export/", yaml_views.yaml_export, name="export"),
    path("changes/", history.change_list, name="changes"),
    path("changes/export/", history.change_export, name="changes-export"),
    path("changes/revert/", history.changes_revert, name="changes-revert"),
    path("changes/<int:pk>/", history.change_detail, name="change"),
    path("changes/<int:pk>/revert/", history.change_revert, name="change-revert"),
    path("changes/sets/", changesets.changeset_list, name="changesets"),
    path("changes/sets/new/", changesets.changeset_new, name="changeset-new"),
    path("changes/sets/<int:pk>/", changesets.changeset_report, name="changeset"),
    path("changes/trials/", trials.trials_under_way, name="trials"),
    path("changes/sets/<int:pk>/confirm/", trials.trial_confirm, name="trial-confirm"),
    path("changes/sets/<int:pk>/revert-now/", trials.trial_end, name="trial-revert"),
    path("changes/sets/<int:pk>/give-up/", changesets.changeset_end, name="changeset-give-up"),
]
