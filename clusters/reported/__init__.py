"""How people see what MetalLB and frr-k8s report: an overview, a list of each kind, one object."""
