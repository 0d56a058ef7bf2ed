"""The errors that a user can meet, each with its exit code.

    InkfolioError               15  anything that has no number of its own
    ├── UsageError               1  arguments that make no sense together
    ├── InputError               2  a source is missing, unreadable or has no pages
    │   └── EncryptedPdfError    8  a PDF that wants a password
    ├── DependencyError          3  an optional part is not installed
    ├── OutputError              4  what was made is not valid
    ├── ClusterError            15  the scheduler of a cluster has gone
    ├── FileAccessError          5  a file cannot be written, or is already there
    └── SettingsError            9  a configuration file with unknown keys or bad values

The numbers are OCRmyPDF's, where it has one. Every message names the file and ends with what to do.
"""


class InkfolioError(Exception):
    """Bad data in the world, said in one sentence that a user can act on."""

    exit_code = 15


class UsageError(InkfolioError):
    """Arguments that make no sense together."""

    exit_code = 1


class InputError(InkfolioError):
    """A source file is missing, unreadable or has no pages."""

    exit_code = 2


class EncryptedPdfError(InputError):
    """A PDF that cannot be opened without a password."""

    exit_code = 8


class DependencyError(InkfolioError):
    """An optional part of the installation is missing."""

    exit_code = 3


class OutputError(InkfolioError):
    """A file was made that is not valid."""

    exit_code = 4


class ClusterError(InkfolioError):
    """The scheduler of a cluster has gone while it was needed."""


class FileAccessError(InkfolioError):
    """A file cannot be written, or is there already and not ours."""

    exit_code = 5


class SettingsError(InkfolioError):
    """A configuration file with unknown keys or values out of range."""

    exit_code = 9
