"""Opens the site that is made of docs/ in a real browser. (A package `site` is Python's own.)"""
