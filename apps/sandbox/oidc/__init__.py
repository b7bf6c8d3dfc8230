"""An OpenID provider shaped like Kinde, with several issuers, that can be told to misbehave."""
