# A campaign that is split over a cluster: Slurm, and GNU parallel.
GROUPS += campaign

check-campaign: $O/ringv target
	$Q$(RUN_GROUP) tests/campaign/run $O
