"""Every knob of the simulated Seam cloud.

Each field stands for a fact that Seam does not document, that differs between
versions of its API, or for a fault to provoke. The defaults are the documented or
most probable behaviour (reference/seam-api.md §16 and §17). Durations are seconds.
"""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(slots=True)
class SeamSwitches:
    """Behaviour of the simulated Seam cloud, changeable while it runs.

    The control interface sets fields by name (simulator/settings.py).
    """

    # Shape of objects
    object_shape: Literal["new", "t977", "old"] = "new"
    """new: display_status and pending_mutations; t977: mutations only; old: neither."""
    appearance: bool = False
    """Send access_code.appearance, seen in real answers of 2023 (§1.4)."""
    appearance_name_length: int = 20
    """Longest name the maker's app shows; longer names are cut in `appearance`."""
    offline_time_frame_options: bool = True
    """Send properties.offline_time_frame_options (§1.5)."""
    missing_location: Literal["absent", "null", "empty"] = "absent"
    """How a device without a known time zone shows `location`."""
    microseconds: bool = False
    """Timestamps with six fraction digits instead of three (§2)."""
    extra_keys: bool = False
    """Add keys no schema knows, to test tolerant parsing."""

    # Requests
    strict_parameters: bool = True
    """Refuse parameters that the route does not have."""
    list_requires_filter: bool = True
    """400 for access_codes/list without device_id, access_code_ids or another."""
    health_route: bool = True
    """Whether the undocumented health route answers."""
    page_size_cap: int | None = None
    """Answer at most this many items per page, whatever `limit` says."""
    repeat_cursor: bool = False
    """Hand out the same cursor again and again, a defect clients must survive."""
    events_newest_first: bool = False
    events_repeated: bool = False
    """Tell every event twice in events/list."""
    events_name_code: bool = False
    """An unlocking with a code names it; igloohome's do not (§9)."""
    events_page: int = 500
    """Events in one answer when the request does not say."""
    webhook_origin: str | None = None
    """Scheme, host and port that take the place of those in addresses of webhooks when
    something is delivered: here is no DNS, and no TLS."""
    webhook_secrets_listed: bool = True
    """webhooks/list tells the secrets, too; the key is optional (§7.5)."""
    webhook_secret_created: Literal["svix", "absent", "odd"] = "svix"
    """The secret that webhooks/create tells."""
    relock_seconds: float | None = 5.0
    """Until a door that was opened with a code locks itself and Seam reports it."""

    # Credentials
    revoked_tokens: list[str] = field(default_factory=list, repr=False)
    """Keys and tokens that are answered with 401 from now on."""
    pat_without_workspace: Literal["missing_workspace_id", "unauthorized"] = (
        "missing_workspace_id"
    )

    # Rate limits (§6)
    rate_limits: bool = True
    rate_limit_type: str = "too_many_requests"
    rate_limit_retry_after: int | None = None
    """Retry-After in seconds; no such header is documented."""

    # Refusals whose type or status is not public (§17)
    capability_error_type: str = "invalid_input"
    offline_error_type: str = "invalid_input"
    duplicate_status: int = 409
    slot_exhausted: Literal["refuse", "error_on_code"] = "refuse"
    """Refuse the request, or accept it and show an error on a code without a PIN."""
    slot_scope: Literal["start", "window"] = "start"
    """Codes count together when they share the start, or only the whole window."""
    one_time_slot: Literal["start", "date"] = "start"
    one_time_needs_end: bool = False
    offline_start_in_current_hour: bool = True
    """An offline start earlier in the current hour is accepted."""
    default_time_zone: str = "UTC"
    """The zone in which a lock without `location.time_zone` reckons."""
    echo_rounded_times: bool = False
    """Show the rounded window instead of the requested one (§10.2)."""

    # Life cycle of codes
    pin_assignment_seconds: float | None = 30.0
    """Until an offline code gets its PIN; None: never."""
    pin_assigned_events: list[str] = field(
        default_factory=lambda: ["access_code.changed"]
    )
    """Event types that announce an assigned PIN; the real one is unknown (§17)."""
    offline_set_on_assignment: bool = False
    """An offline code is `set` when it has its PIN, not only from its start."""
    offline_setting_seconds: float = 0.0
    """How long an offline code is `setting` after its start."""
    programming_seconds: float = 20.0
    """Until a bridge has put an online code on the lock."""
    removing_seconds: float = 10.0
    """Until a bridge has taken an online code off the lock."""
    expired_codes_listed: bool = False
    """Expired codes stay readable instead of answering 404 (§9)."""
    offline_delete: Literal["refuse", "remove"] = "refuse"
    """Deleting an offline code: refused, or gone in Seam with the PIN still alive."""
    max_pins_per_lock: int = 199

    # Action attempts
    attempt_seconds: float = 3.0
    attempt_polls: int | None = None
    """Pending for this many action_attempts/get instead of `attempt_seconds`."""
    attempt_outcome: Literal["success", "error", "pending"] = "success"
    attempt_error_type: str = "uncategorized_error"
    attempt_error_message: str = "The lock did not answer."
    was_confirmed_by_device: bool | None = True
    """Value in the result of lock and unlock; None: the key is absent."""
    create_answers_attempt: bool = True
    update_answer: Literal["action_attempt", "ok"] = "action_attempt"
    delete_answer: Literal["action_attempt", "ok"] = "action_attempt"
