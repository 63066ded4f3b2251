"""The architecture rules as code: each rule reads source and yields a complaint per violation."""
