"""The operations of the plan, a file each, named as the plan names them.

`seed` and `pace` are not among them: ktstr/vm puts them before the plan of every job.
"""
