"""Supervision reads figures about items."""

from dataclasses import asdict
from typing import Literal

from pydantic import Field

from app.applications.queries import count_submitted
from app.finding.errors import RegionUnknownError
from app.identity.rules import Duty
from app.upkeep import figures
from app.upkeep.figure_rules import Tally, Visits
from app.upkeep.figures import Group, ItemFigures, Which
from miniapp_api.routing import Actor, Call, QuerySchema, Routes, Schema

routes = Routes()


class ItemFiguresQuery(QuerySchema):
    """Of which items: those offered in a region, of a department, of a level; all unless given."""

    region: str | None = Field(default=None, pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$")
    department: str | None = Field(default=None, pattern=r"^[a-z0-9_]{1,32}$")
    level: Literal["city", "county", "township", "village"] | None = None


class TallyView(Schema):
    """Shares and cuts are 0 to 1, null where nothing is counted; beside each stands of how many items it is."""

    items: int = Field(description="items counted")
    online: int = Field(description="items that can be handled online")
    online_share: float | None = Field(description="网上可办率")
    limited: int = Field(description="items with a statutory limit")
    total_cut: float | None = Field(description="the part of all statutory days that is promised away")
    mean_cut: float | None = Field(description="the mean of the items' own cuts")

    @classmethod
    def of(cls, tally: Tally) -> "TallyView":
        """The view of a tally."""
        return cls(
            items=tally.items,
            online=tally.online,
            online_share=tally.online_share,
            limited=tally.limited,
            total_cut=tally.total_cut,
            mean_cut=tally.mean_cut,
        )


class FigureGroupView(Schema):
    """The figures of a county, a department or a level by its code."""

    code: str
    name: str
    figures: TallyView

    @classmethod
    def of(cls, groups: list[Group]) -> "list[FigureGroupView]":
        """The views of groups."""
        return [cls(code=group.key, name=group.name, figures=TallyView.of(group.tally)) for group in groups]


class TargetView(Schema):
    """A share to be reached by a day; null where there is nothing to measure."""

    by: str
    share: float
    reached: bool | None


class VisitsView(Schema):
    """Visits that citizens were spared in the submitted cases that are kept."""

    items: int = Field(description="items counted")
    cases: int = Field(description="cases counted")
    saved: int = Field(description="visits that were spared")
    unknown: int = Field(description="cases of items that are offered no more, which are not counted")


class ItemFiguresAnswer(Schema):
    """Figures of items. An item stands in each county in which it is offered, those offered from above too."""

    whole: TallyView
    measured: TallyView = Field(description="the items that the targets speak of")
    targets: list[TargetView]
    counties: list[FigureGroupView]
    departments: list[FigureGroupView]
    levels: list[FigureGroupView]
    visits: VisitsView

    @classmethod
    def of(cls, found: ItemFigures, visits: Visits) -> "ItemFiguresAnswer":
        """The view of figures."""
        return cls(
            whole=TallyView.of(found.whole),
            measured=TallyView.of(found.measured),
            targets=[
                TargetView(by=one.target.by.isoformat(), share=float(one.target.share), reached=one.reached)
                for one in found.targets
            ],
            counties=FigureGroupView.of(found.counties),
            departments=FigureGroupView.of(found.departments),
            levels=FigureGroupView.of(found.levels),
            visits=VisitsView(**asdict(visits)),
        )


@routes.add(
    "GET",
    "/staff/v1/figures/items",
    actor=Actor.STAFF,
    duty=Duty.SUPERVISE,
    limit="read",
    errors=(RegionUnknownError,),
)
async def read_item_figures(call: Call, query: ItemFiguresQuery) -> ItemFiguresAnswer:
    """How many items can be handled online, how much shorter they take; against what was promised."""
    del call
    which = Which(query.region or "", query.department or "", query.level or "")
    found = await figures.item_figures(which)
    return ItemFiguresAnswer.of(found, await figures.visit_figures(which, await count_submitted()))
