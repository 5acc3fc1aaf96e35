"""Names shared by the modules that know Home Assistant."""

from typing import Final

DOMAIN: Final = "igloohome_access"

CONF_ADVANCED: Final = "advanced"
CONF_API_KEY: Final = "api_key"
CONF_API_URL: Final = "api_url"
CONF_AUTH_URL: Final = "auth_url"
CONF_CLIENT_ID: Final = "client_id"
CONF_CLIENT_SECRET: Final = "client_secret"
CONF_CLOUD: Final = "cloud"
CONF_WEBHOOK: Final = "webhook"
CONF_WORKSPACE_ID: Final = "workspace_id"

OPTION_ASSIST_CREATE: Final = "assist_create"
OPTION_BRIDGE_REFRESH: Final = "bridge_refresh"
OPTION_CODE_SENSORS: Final = "code_sensors"
OPTION_KEEP_ENDED_DAYS: Final = "keep_ended_days"
OPTION_READ_LOG: Final = "read_log"
OPTION_PUBLIC_KEY: Final = "public_key"
OPTION_PUSH: Final = "push"
OPTION_TIME_ZONE: Final = "time_zone"

DEFAULT_ASSIST_CREATE: Final = False
DEFAULT_BRIDGE_REFRESH: Final = "off"
DEFAULT_CODE_SENSORS: Final = True
DEFAULT_KEEP_ENDED_DAYS: Final = 7
DEFAULT_PUSH: Final = True
DEFAULT_READ_LOG: Final = "off"
