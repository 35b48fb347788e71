package dev.tamis;

/** Assertions that hold without a test library. */
final class Check {
  static void that(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  static void equal(Object found, Object expected) {
    that(found.equals(expected), "found " + found + ", expected " + expected);
  }
}
