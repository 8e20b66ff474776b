"""NetSuite: sign-in, SuiteQL, records and the RESTlet, over one governed session."""

from apbridge.netsuite.certificate import Certificate, remind
from apbridge.netsuite.client import NetSuite, QueryPage
from apbridge.netsuite.queries.values import in_list, literal
from apbridge.netsuite.settings import NetSuiteSettings

__all__ = ["Certificate", "NetSuite", "NetSuiteSettings", "QueryPage", "in_list", "literal", "remind"]
