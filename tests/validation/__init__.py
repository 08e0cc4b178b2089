"""The lab's DNS, held against validators that danelab did not write."""
