/* SPDX-License-Identifier: GPL-2.0-only */
/* The statistics of schedulers that serve them over a UNIX socket, as the scx project's scx_stats does. */
#ifndef KTSTR_AGENT_MONITOR_STATS_H
#define KTSTR_AGENT_MONITOR_STATS_H

/* Has the server at that path asked in each sample. */
void monitor_stats_add(const char *path);

/* Reports what the server has answered since the last sample, and asks again. Never waits. */
void monitor_stats_read(void);

#endif
