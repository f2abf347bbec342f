"""Jobs: durable background work, done at least once."""

from regie.jobs.job import Job
from regie.jobs.queue import JobQueue

__all__ = ["Job", "JobQueue"]
