"""Routes of the REST API, and its documentation."""

from __future__ import annotations

from typing import NoReturn

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.urls import include, path, re_path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from alarms.api.alarms import AlarmViewSet
from alarms.api.inhibitions import InhibitionViewSet
from alarms.api.notices import NoticeViewSet
from alarms.api.quiet import SilenceViewSet, WindowViewSet
from alarms.api.routes import RouteViewSet as AlarmRouteViewSet
from alarms.api.rules import RuleViewSet
from bgpui.api import openapi  # noqa: F401  # its extensions register themselves
from bgpui.api.docs import SchemaView, SwaggerView
from bgpui.api.router import Router
from bgpui.api.tokens import TokenViewSet
from bgpui.api.users import UserViewSet
from clusters.api.changesets import ChangeSetViewSet
from clusters.api.exports import ExportViewSet
from clusters.api.imports import ImportViewSet
from clusters.api.preview import PreviewViewSet
from clusters.baseline.api import ClusterBaselineViewSet
from clusters.history.api import ChangeViewSet
from clusters.reported.api import status_endpoint
from clusters.trials.api import TrialViewSet
from dashboard.rest.nodes import NodeViewSet
from dashboard.rest.overview import OverviewViewSet
from dashboard.rest.problems import ProblemViewSet
from dashboard.rest.routes import RouteViewSet
from dashboard.rest.search import SearchViewSet
from dashboard.rest.sessions import BGPPeerSessionsViewSet, SessionActionsViewSet
from dashboard.rest.timeline import TimelineViewSet
from dashboard.rest.topology import TopologyViewSet
from intent.kinds import READ_KINDS
from peers.api import BFDProfileViewSet
from pools.api import BGPAdvertisementViewSet, CommunityViewSet, IPAddressPoolViewSet, L2AdvertisementViewSet
from pools.loadbalancers.api import ServiceViewSet
from speakers.api import SpeakerViewSet, TransitionViewSet
from speakers.comparison.api import PrefixDifferenceViewSet

router = Router()
router.register("clusters", ClusterBaselineViewSet, basename="api-cluster")
router.register("bgppeers", BGPPeerSessionsViewSet, basename="api-bgppeer")
router.register("bfdprofiles", BFDProfileViewSet, basename="api-bfdprofile")
router.register("ipaddresspools", IPAddressPoolViewSet, basename="api-ipaddresspool")
router.register("bgpadvertisements", BGPAdvertisementViewSet, basename="api-bgpadvertisement")
router.register("l2advertisements", L2AdvertisementViewSet, basename="api-l2advertisement")
router.register("communities", CommunityViewSet, basename="api-community")
router.register("import", ImportViewSet, basename="api-import")
router.register("preview", PreviewViewSet, basename="api-preview")
router.register("export", ExportViewSet, basename="api-export")
router.register("changesets", ChangeSetViewSet, basename="api-changeset")
router.register("trials", TrialViewSet, basename="api-trial")
router.register("changes", ChangeViewSet, basename="api-change")
router.register("services", ServiceViewSet, basename="api-service")
router.register("nodes", NodeViewSet, basename="api-node")
router.register("search", SearchViewSet, basename="api-search")
router.register("overview", OverviewViewSet, basename="api-overview")
router.register("problems", ProblemViewSet, basename="api-problem")
router.register("routes", RouteViewSet, basename="api-route")
router.register("topology", TopologyViewSet, basename="api-topology")
router.register("sessions", SessionActionsViewSet, basename="api-session")
router.register("timeline", TimelineViewSet, basename="api-timeline")
router.register("transitions", TransitionViewSet, basename="api-transition")
router.register("prefix-differences", PrefixDifferenceViewSet, basename="api-prefix-difference")
router.register("speakers", SpeakerViewSet, basename="api-speaker")
router.register("alarms", AlarmViewSet, basename="api-alarm")
router.register("alarm-rules", RuleViewSet, basename="api-alarm-rule")
router.register("alarm-inhibitions", InhibitionViewSet, basename="api-alarm-inhibition")
router.register("alarm-routes", AlarmRouteViewSet, basename="api-alarm-route")
router.register("notices", NoticeViewSet, basename="api-notice")
router.register("silences", SilenceViewSet, basename="api-silence")
router.register("maintenance-windows", WindowViewSet, basename="api-maintenance-window")
for kind in READ_KINDS.values():
    router.register(kind.plural, status_endpoint(kind), basename=f"api-{kind.kind.lower()}")
router.register("tokens", TokenViewSet, basename="api-token")
router.register("users", UserViewSet, basename="api-user")


class NothingHere(APIView):
    """Addresses of the API that are none, answered as a problem."""

    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> NoReturn:
        """Raises Http404 for every method."""
        slash = "" if request.path.endswith("/") else " Addresses end with a slash."
        raise Http404(f"There is nothing at this address.{slash}")


urlpatterns = [
    path("v1/schema/", SchemaView.as_view(), name="schema"),
    path("docs/", login_required(SwaggerView.as_view()), name="api-docs"),
    path("v1/", include(router.urls)),
    re_path(r"^v1(?:/|$)", NothingHere.as_view()),
]
