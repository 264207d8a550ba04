"""Writing what a look at prefixes found, session by session, and only what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from speakers.comparison.models import Comparison, PrefixDifference
from speakers.comparison.prefixes import Compared, Kind
from speakers.models import Session, Speaker

_BATCH = 500
_TIMES = ("compared_at", "attempted_at")
_COLUMNS = (
    *_TIMES, "error", "digest", "sent", "meant", "told", "missing", "extra", "attributes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one session gave. compared None: `error` says why nothing is known. sent: FRR's counter before.

    since: of the session when the look was decided on.
    """

    session: int
    since: datetime
    digest: str
    sent: int | None
    compared: Compared | None
    error: str = ""


def comparisons_write(cluster_id: int, looks: Sequence[Looked], at: datetime) -> bool:
    """Bring the rows up to date; whether a page looks different now.

    Sessions that went, down or up meanwhile are left out. Speakers are locked in the order in which a sweep locks them.
    """
    by_session = {look.session: look for look in looks}
    with transaction.atomic():
        asked = Session.objects.filter(pk__in=by_session)
        owners = Speaker.objects.select_for_update().filter(pk__in=asked.order_by().values("speaker"))
        list(owners.order_by("pk").values_list("pk"))
        up = dict(asked.filter(state=Session.State.ESTABLISHED).values_list("pk", "since"))
        known = {pk for pk, since in up.items() if since == by_session[pk].since}
        rows = {row.pk: row for row in Comparison.objects.filter(pk__in=known)}
        anew = [pk for pk, row in rows.items() if row.compared_at is not None and row.compared_at < up[pk]]
        new = [Comparison(session_id=pk) for pk in sorted(known - rows.keys())]
        before = {pk: (row.differences, row.meant, row.error) for pk, row in rows.items()}
        said = {pk: _said(row) for pk, row in rows.items()}
        every = {**rows, **{row.session_id: row for row in new}}
        for pk, row in every.items():
            _fill(row, by_session[pk], at)
        Comparison.objects.bulk_create(new, batch_size=_BATCH)
        changed = [row for pk, row in rows.items() if _said(row) != said[pk]]
        Comparison.objects.bulk_update(changed, _COLUMNS, batch_size=_BATCH)
        _again([by_session[pk] for pk in rows.keys() - {row.pk for row in changed}], at)
        heard_anew = [pk for pk in anew if by_session[pk].compared is not None]
        PrefixDifference.objects.filter(session__in=heard_anew).delete()  # what differs since it is up, differs anew
        turned = _differences(cluster_id, {pk: by_session[pk] for pk in known}, at)
    after = {pk: (row.differences, row.meant, row.error) for pk, row in every.items()}
    return turned or before != after


def _said(row: Comparison) -> tuple[object, ...]:
    """All but when it was."""
    return tuple(getattr(row, name) for name in _COLUMNS if name not in _TIMES)


def _again(looks: Sequence[Looked], at: datetime) -> None:
    """Of sessions where only the time moved, which are nearly all, in few statements."""
    for heard, columns in ((True, _TIMES), (False, ("attempted_at",))):
        some = [look.session for look in looks if (look.compared is not None) is heard]
        for start in range(0, len(some), _BATCH):
            Comparison.objects.filter(pk__in=some[start : start + _BATCH]).update(**dict.fromkeys(columns, at))


def _fill(row: Comparison, look: Looked, at: datetime) -> None:
    row.attempted_at, row.error = at, look.error[:300]
    if look.compared is None:
        return
    found = look.compared
    row.compared_at, row.digest, row.sent, row.meant, row.told = at, look.digest, look.sent, found.meant, found.told
    row.missing, row.extra, row.attributes = (found.numbers.get(kind, 0) for kind in Kind)


def _differences(cluster_id: int, looks: Mapping[int, Looked], at: datetime) -> bool:
    """A difference that lasts keeps its `since`."""
    heard = {pk: look.compared for pk, look in looks.items() if look.compared is not None}
    wanted = {
        (pk, str(one.kind), one.prefix): one.words for pk, compared in heard.items() for one in compared.differences
    }
    rows = {(row.session_id, row.kind, row.prefix): row for row in PrefixDifference.objects.filter(session__in=heard)}
    gone = [row.pk for key, row in rows.items() if key not in wanted]
    reworded = [row for key, row in rows.items() if key in wanted and row.words != wanted[key]]
    for row in reworded:
        row.words = wanted[row.session_id, row.kind, row.prefix]
    for start in range(0, len(gone), _BATCH):
        PrefixDifference.objects.filter(pk__in=gone[start : start + _BATCH]).delete()
    PrefixDifference.objects.bulk_update(reworded, ["words"], batch_size=_BATCH)
    PrefixDifference.objects.bulk_create(
        (
            PrefixDifference(session_id=pk, cluster_id=cluster_id, kind=kind, prefix=prefix, words=words, since=at)
            for (pk, kind, prefix), words in wanted.items()
            if (pk, kind, prefix) not in rows
        ),
        batch_size=_BATCH,
    )
    return bool(gone or reworded or wanted.keys() - rows.keys())
