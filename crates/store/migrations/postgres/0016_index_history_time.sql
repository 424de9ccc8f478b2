-- What happened between two instants, of everything: the timeline after an action, the last hour of a duty desk.
create index work_history_by_time on work_history (at);
create index signal_history_by_time on signal_history (at);
