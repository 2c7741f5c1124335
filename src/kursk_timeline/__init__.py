"""
Sourced, contested claims about the Kursk operation, and the state they give at any date.

>>> import kursk_timeline as kt
>>> kt.kursk("article").state_at("2025-06-22").territory["ukraine"].held
90 km² (0–99, disputed: ukraine 81–99, russia 0)
"""

from kursk_timeline.answer import Answer
from kursk_timeline.audit import Audit
from kursk_timeline.bundled import kursk, state_at
from kursk_timeline.errors import (
    ConflictError,
    CorruptLogError,
    DecodeError,
    EventError,
    InputError,
    LockedError,
    LogError,
    MaybeError,
    MissingExtraError,
    NewerVersionError,
    NotALogError,
    ProjectionError,
    QuantityError,
    QueryError,
    ReadOnlyError,
    StorageError,
    TimelineError,
    UnitError,
    UnknownKindError,
    WhenError,
)
from kursk_timeline.events.base import Event, Source, register
from kursk_timeline.events.kinds import (
    Corroborated,
    DeploymentAnnounced,
    ForceDeployed,
    ForceEngaged,
    ForcePeaked,
    ForcePresent,
    ForceWithdrawn,
    LossesReported,
    OperationLaunched,
    PeopleEvacuated,
    Retracted,
    SettlementContested,
    SettlementsHeld,
    SettlementsRetaken,
    SettlementTaken,
    StatementMade,
    StrikesReported,
    Superseded,
    TerritoryChanged,
    TerritoryContested,
    TerritoryHeld,
    TerritoryPeaked,
    TerritoryRetaken,
)
from kursk_timeline.findings import Finding
from kursk_timeline.formats.jsonl import read_events
from kursk_timeline.log import Appended, Log, Record
from kursk_timeline.measures import Key, Measure
from kursk_timeline.projections import Effect, Projection, projection
from kursk_timeline.quantity import Quantity, Tolerances
from kursk_timeline.replay.account import Account, AccountHistory
from kursk_timeline.replay.diff import AccountChange, Change, Diff
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.explain import Because, Explanation, LeftOut
from kursk_timeline.replay.fold import replay
from kursk_timeline.replay.history import History
from kursk_timeline.replay.state import State
from kursk_timeline.replay.steps import Step
from kursk_timeline.replay.world import Placed, World
from kursk_timeline.timeline import Timeline
from kursk_timeline.version import __version__ as __version__
from kursk_timeline.when import When

__all__ = [
    "Account",
    "AccountChange",
    "AccountHistory",
    "Answer",
    "Appended",
    "Audit",
    "Because",
    "Change",
    "ConflictError",
    "Corroborated",
    "CorruptLogError",
    "DecodeError",
    "DeploymentAnnounced",
    "Diff",
    "Effect",
    "Estimate",
    "Event",
    "EventError",
    "Explanation",
    "Finding",
    "ForceDeployed",
    "ForceEngaged",
    "ForcePeaked",
    "ForcePresent",
    "ForceWithdrawn",
    "History",
    "InputError",
    "Key",
    "LeftOut",
    "LockedError",
    "Log",
    "LogError",
    "LossesReported",
    "MaybeError",
    "Measure",
    "MissingExtraError",
    "NewerVersionError",
    "NotALogError",
    "OperationLaunched",
    "PeopleEvacuated",
    "Placed",
    "Projection",
    "ProjectionError",
    "Quantity",
    "QuantityError",
    "QueryError",
    "ReadOnlyError",
    "Record",
    "Retracted",
    "SettlementContested",
    "SettlementTaken",
    "SettlementsHeld",
    "SettlementsRetaken",
    "Source",
    "State",
    "StatementMade",
    "Step",
    "StorageError",
    "StrikesReported",
    "Superseded",
    "TerritoryChanged",
    "TerritoryContested",
    "TerritoryHeld",
    "TerritoryPeaked",
    "TerritoryRetaken",
    "Timeline",
    "TimelineError",
    "Tolerances",
    "UnitError",
    "UnknownKindError",
    "When",
    "WhenError",
    "World",
    "kursk",
    "projection",
    "read_events",
    "register",
    "replay",
    "state_at",
]
