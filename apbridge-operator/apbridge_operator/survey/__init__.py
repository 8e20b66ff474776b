"""What kind of account it is: each question that is open of NetSuite and AvidXchange, asked of them."""

from apbridge_operator.survey.comparison import SurveyChange, changes, in_words
from apbridge_operator.survey.report import Report
from apbridge_operator.survey.result import AnswerState, ProbeResult
from apbridge_operator.survey.surveying import not_surveyed, survey_avidxchange, survey_netsuite

__all__ = [
    "AnswerState",
    "ProbeResult",
    "Report",
    "SurveyChange",
    "changes",
    "in_words",
    "not_surveyed",
    "survey_avidxchange",
    "survey_netsuite",
]
