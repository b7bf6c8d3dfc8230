"""Stand-ins for push services: of browsers (RFC 8030), FCM (HTTP v1) and APNs."""
