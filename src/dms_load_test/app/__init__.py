"""Composition: the one place where the rooms meet. Builds the objects of a run, runs it, and tears it down.

A command of `cli` calls one of these modules; where one needs several, the first named is the way in.

A run, in the order in which it goes on:
- what is to be run: `program_choice`, `plan_file`, `scenario_files`
- from settings to verdict: `run`, `interrupts`
- settled before anything is sent: `intent`, `credentials`, `earlier`
- the target found, read and looked over: `target`, `preflight`
- turns of a program, phases of a turn, steps of a phase: `programs`, `phases`, `gathering`
- figures on their way to record, screen and verdict: `session`, `abort`
- who sends: `crew_choice`, `crew`; with several processes `workers`, `worker`, `documents`, `token_desk`
- what goes on beside it: `beside`, `telemetry`, `metering`, `dashboard`, `dashboard_server`
- what a run did and its inventory lacks: `recovery`, `lookup`

Before a run: `doctor`, `checks`; `setup_client`; `inspect`, `data`; `emulate`.
After a run: `report`; `exports`; `compare`; `history`; `clean`, `cleaning`; `send`; `inventory`.
For all of them: `about`, `files`, `user_modules`.
"""
