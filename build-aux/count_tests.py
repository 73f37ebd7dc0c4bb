#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the test cases of meson's JUnit log and prints 'N passed, N failed, N skipped'.

usage: count_tests.py testlog.junit.xml

Each skipped or failed case is named first, with its reason. Exits 1 when a case failed or none ran.
"""
import sys
import xml.etree.ElementTree as ElementTree


def main():
    tree = ElementTree.parse(sys.argv[1])
    passed = failed = skipped = 0
    for suite in tree.iter("testsuite"):
        for case in suite.findall("testcase"):
            name = f"{case.get('classname') or suite.get('name')}.{case.get('name')}"
            skip = case.find("skipped")
            bad = case.find("failure") if case.find("failure") is not None else case.find("error")
            if bad is not None:
                failed += 1
                print(f"FAILED {name}")
            elif skip is not None or case.get("status") == "notrun" or case.get("result") == "suppressed":
                skipped += 1
                text = ""
                if skip is not None:
                    text = skip.get("message") or skip.text or case.findtext("system-out") or ""
                lines = [line for line in text.strip().splitlines() if line.strip()]
                print(f"SKIPPED {name}: {lines[-1].strip() if lines else 'no reason given'}")
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
