"""
Where histories are computed by the million. Nothing in here knows what a claim means: `replay` defines it all.

In process, for a `Timeline`: `reading` turns stored events into `columns` (`shapes` says what projections do
to all events of a shape), `kernel` computes all steps (`sweep` where dates are windows), `index` looks
them up (`daily` has a row for each day, `single` one account alone, `known` any day of knowledge), `live`
keeps up with a log, `snapshot` keeps it in a file; `accounts`, `said`, `bulk` and `arrays` are the answers.

From files of events to a table of histories, for more than fits in memory: `local` on one machine, `spark`
on a cluster. Both run the same `tasks` over `effect_rows`, cut into `parts`, and write a `history_table`.
"""
