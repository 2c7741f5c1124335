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
    LostConnectionError,
    MaybeError,
    MissingExtraError,
    NewerVersionError,
    NotALogError,
    ProjectionError,
    ProofError,
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
from kursk_timeline.formats.files import read_events
from kursk_timeline.log import Appended, Log, Record
from kursk_timeline.log.check import Verified
from kursk_timeline.log.checkpoint import Checkpoint
from kursk_timeline.log.keys import SigningKey, VerifyingKey
from kursk_timeline.log.proofs import Extension, Inclusion, verify_extends, verify_inclusion
from kursk_timeline.measures import Key, Measure
from kursk_timeline.projections import Effect, Projection, projection
from kursk_timeline.quantity import Quantity, Tolerances
from kursk_timeline.replay.account import Account, AccountHistory
from kursk_timeline.replay.diff import AccountChange, Change, Diff
from kursk_timeline.replay.estimate import Estimate
from kursk_timeline.replay.explain import Because, Explanation, LeftOut
from kursk_timeline.replay.fold import replay
from kursk_timeline.replay.history import History
from kursk_timeline.replay.revisions import Revision, Revisions
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
    "Checkpoint",
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
    "Extension",
    "Finding",
    "ForceDeployed",
    "ForceEngaged",
    "ForcePeaked",
    "ForcePresent",
    "ForceWithdrawn",
    "History",
    "Inclusion",
    "InputError",
    "Key",
    "LeftOut",
    "LockedError",
    "Log",
    "LogError",
    "LossesReported",
    "LostConnectionError",
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
    "ProofError",
    "Quantity",
    "QuantityError",
    "QueryError",
    "ReadOnlyError",
    "Record",
    "Retracted",
    "Revision",
    "Revisions",
    "SettlementContested",
    "SettlementTaken",
    "SettlementsHeld",
    "SettlementsRetaken",
    "SigningKey",
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
    "Verified",
    "VerifyingKey",
    "When",
    "WhenError",
    "World",
    "kursk",
    "projection",
    "read_events",
    "register",
    "replay",
    "state_at",
    "verify_extends",
    "verify_inclusion",
]
