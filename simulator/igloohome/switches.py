"""Every unknown of igloohome's API as a switch.

Where reference/igloohome-api.md says "knob", "DISAGREE" or "uncertain", the
integration has to cope with all answers, so tests flip these.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class IgloohomeSwitches:
    """Settings of igloohome's simulated cloud; the defaults are the likeliest."""

    # Token (§1.1)
    bad_credentials_status: Literal[400, 401] = 400
    """Status of a token request with a wrong client or secret."""
    bad_scope_error: Literal["invalid_scope", "invalid_request"] = "invalid_scope"
    """Error name when a requested scope is unknown or not granted."""
    token_seconds: int = 86400
    """Real lifetime of an access token."""
    expires_in: Literal["int", "string", "absent"] = "int"
    """How the token answer tells the lifetime."""
    expired_token_status: Literal[401, 403] = 401
    """Status of an API request with an expired or revoked token."""

    # Devices (§2)
    page_size: int = 50
    """Devices per page of ``GET /devices``."""
    end_of_pages: Literal["empty", "null", "absent"] = "empty"
    """How the last page says that there is no next cursor."""
    endless_pages: bool = False
    """The last page points at the first one: a client must not follow forever."""
    single_device: Literal["bare", "payload"] = "bare"
    """``GET /devices/{id}``: the object itself, or wrapped in ``payload``."""
    linked_devices: Literal["objects", "strings", "null", "absent"] = "objects"
    """Form of ``linkedDevices``; null and absent hide all links."""
    last_sync: Literal["present", "null", "absent"] = "present"
    """Form of ``lastSync``; "present" still leaves it out where it is unknown."""
    home_id: Literal["list", "null", "absent"] = "list"
    """Form of ``homeId``."""
    no_battery: Literal["null", "absent"] = "null"
    """Form of ``batteryLevel`` for a device that reports none (bridges)."""
    future_fields: bool = False
    """Add fields to the answers that nobody has heard of yet."""

    # algoPIN (§3, §7)
    created_status: Literal[200, 201] = 200
    """Status of a successful algoPIN or job request."""
    extra_properties: Literal["refuse", "ignore"] = "refuse"
    """What happens to properties the endpoint does not know."""
    old_start: Literal["refuse", "accept"] = "refuse"
    """algoPIN with a start before the current hour."""
    z_suffix: Literal["refuse", "accept"] = "refuse"
    """Dates that end in ``Z`` in place of a numeric offset."""
    daily_hours: Literal["wall", "utc"] = "wall"
    """Which hours of a daily code must be equal: as written, or in UTC."""
    permanent_variances: int = 3
    """Highest variance of a permanent algoPIN."""
    slot_limit: Literal["none", "start"] = "none"
    """ "start": refuse a further PIN for a start that has 3 (one-time 5) already."""
    pin_length: Literal["9", "7-9"] = "9"
    """Digits of an algoPIN."""
    pin_answer: Literal["full", "no_pin", "empty_pin", "number", "no_pin_id"] = "full"
    """What the success answer contains; the PIN is handed out by "full",
    "number" and "no_pin_id" and counts as issued in every form."""

    # Bridge jobs (§4)
    lock_job_seconds: float = 5.0
    """How long jobs 1 and 2 (lock, unlock) run."""
    pin_job_seconds: float = 8.0
    """How long jobs 4 and 5 (create, delete a custom PIN) run."""
    query_job_seconds: float = 35.0
    """How long jobs 9 and 10 (battery, status) run."""
    logs_job_seconds: float = 20.0
    """How long job 15 (activity logs) runs."""
    job_expiry_seconds: float = 120.0
    """A job that is not done by then has failed."""
    queue_limit: int = 20
    """Pending jobs per bridge, further ones are refused."""
    job_order: Literal["oldest_first", "newest_first"] = "oldest_first"
    """Which of its waiting jobs a bridge takes next."""
    pending_response: Literal["absent", "null", "empty", "status"] = "absent"
    """``jobResponse`` of an unfinished job; "status": ``{"jobStatus": 1}``."""
    expired_job: Literal["completed", "not_completed", "silent"] = "completed"
    """An expired job: completed with jobStatus 2, the same with
    ``completed: false``, or pending for ever."""
    job_type_form: Literal["int", "string"] = "int"
    """``jobType`` in job answers."""
    battery_result: Literal["field", "nested", "result_only"] = "field"
    """opResult of job 9: ``batteryLevel``, ``battery: {level}``, or nothing."""
    status_result: Literal["result_only", "lock_state"] = "result_only"
    """opResult of job 10: nothing, or ``lockState`` "locked"/"unlocked"."""
    pin_capacity: int = 199
    """Custom PINs a lock can hold; job 4 fails beyond."""

    # Activity (§5) and health (§2.4)
    solo_scope_activity: bool = False
    """``GET …/activity`` wants a token whose only scope is get-device-activity."""
    activity_order: Literal["newest_first", "oldest_first", "arrival"] = "newest_first"
    """Order of the rows; "arrival": those that were uploaded last come last."""
    activity_shape: Literal["described", "raw", "mixed"] = "described"
    """Rows as §5.1 has them, as §5.2 has them, or one and one."""
    activity_repeats: bool = False
    """Tell every row twice."""
    server_health: bool = True
    """Whether ``GET /server-health`` exists for client-credentials apps."""
