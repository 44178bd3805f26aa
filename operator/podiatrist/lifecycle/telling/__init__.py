"""What people are told of a fix: Events while it happens, the trail of all of them afterwards."""
