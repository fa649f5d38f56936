"""Work in processes of its own: start, watch, stop, resume, delete; it survives a closed tab and a restarted app.

A job is one command of the command line with a folder of its own. Jobs of one device wait for one another; a light
runner, a process too, starts one after the other and ends when nothing waits. What became of a job is read from its
folder and from the processes that exist, never from memory.
"""

from bgbias_core.jobs.job import Job, State, find_job, list_jobs, log_tail
from bgbias_core.jobs.queue import delete, ensure_runner, resume, start, stop
from bgbias_core.jobs.runner import run_queue
from bgbias_core.jobs.worker import enter, finish, report

__all__ = [
    "Job",
    "State",
    "delete",
    "ensure_runner",
    "enter",
    "find_job",
    "finish",
    "list_jobs",
    "log_tail",
    "report",
    "resume",
    "run_queue",
    "start",
    "stop",
]
