// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into QEMU where KVM's processor is itself emulated by QEMU's TCG.
 *
 * A user process may use an I/O port if the task register's TSS allows it. TCG demands that this TSS be of the type
 * "available" (helper_check_io in QEMU's target/i386/tcg), as its own LTR leaves it, where a real processor makes it
 * "busy". KVM always reports busy (svm_get_segment in the kernel's arch/x86/kvm/svm/svm.c), so that a restored guest has it
 * so, and its first port access is a general protection fault.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stdarg.h>

#define TYPE_BUSY 0x2

int ioctl(int descriptor, unsigned long request, ...)
{
	int (*next)(int, unsigned long, void *) = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == KVM_SET_SREGS)
		((struct kvm_sregs *)argument)->tr.type &= ~TYPE_BUSY;
	if (request == KVM_SET_SREGS2)
		((struct kvm_sregs2 *)argument)->tr.type &= ~TYPE_BUSY;
	return next(descriptor, request, argument);
}
