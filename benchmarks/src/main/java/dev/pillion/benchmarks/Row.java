// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

/**
 * One line of the results.
 *
 * @param goal the goal's number, such as R2
 * @param what what was measured
 * @param ours our figure
 * @param theirs the other arm's
 * @param ratio the ratio or difference the goal is about, with its interval where there is one
 * @param limit what was asked for; empty for what is only reported
 * @param met whether it was reached; a shortfall stays in the table
 */
record Row(
    String goal, String what, String ours, String theirs, String ratio, String limit, boolean met) {
  String toMarkdown() {
    return "| %s | %s | %s | %s | %s | %s | %s |"
        .formatted(
            goal,
            what,
            ours,
            theirs,
            ratio,
            limit,
            limit.isEmpty() ? "" : met ? "met" : "**falls short**");
  }
}
