// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * One line of the results.
 *
 * @param goal the goal's number, such as R2
 * @param what what was measured
 * @param ours our figure
 * @param theirs the other arm's
 * @param ratio the ratio or difference the goal is about, with its interval where there is one
 * @param limit what was asked for
 * @param met whether it was reached; a shortfall stays in the table; null where nothing was asked
 */
record Row(
    String goal,
    String what,
    String ours,
    String theirs,
    String ratio,
    String limit,
    @Nullable Boolean met) {
  /** A figure that no goal is about. */
  static Row reported(String goal, String what, String ours, String theirs, String ratio) {
    return new Row(goal, what, ours, theirs, ratio, "-", null);
  }

  String toMarkdown() {
    return "| %s | %s | %s | %s | %s | %s | %s |"
        .formatted(goal, what, ours, theirs, ratio, limit, verdict());
  }

  private String verdict() {
    return met == null ? "" : met ? "met" : "**falls short**";
  }
}
