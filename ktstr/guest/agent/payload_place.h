/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program of a distribution finds in the guest beside the kernel's own file systems. */
#ifndef KTSTR_AGENT_PAYLOAD_PLACE_H
#define KTSTR_AGENT_PAYLOAD_PLACE_H

/* Where a payload's program starts. */
#define PAYLOAD_FOLDER "/tmp"

/* Makes it, once: /dev/shm, /dev/fd and the like, a user and a group, the loopback interface. */
void payload_place(void);

#endif
