"""Grading the problem sets: students' version, collection, sandboxed grading, feedback, export.

The student's code runs in a worker process inside a sandbox (`sandbox`, `worker`); the checks run
outside and see plain data only (`protocol`, `remote`). nbgrader keeps the gradebook, the hand
grading and the feedback (`preprocessors`, `classroom`). ``make help`` lists the commands.
"""
