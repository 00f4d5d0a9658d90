// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.util.Arrays;
import java.util.Locale;

/**
 * The median of a sample with the bounds of its 95 % confidence interval, by order statistics:
 * nothing is assumed normal.
 */
record Interval(double low, double median, double high) {
  static Interval of(double[] sample) {
    double[] sorted = sample.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    int below = outside(n);
    return new Interval(
        sorted[below], (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[n - 1 - below]);
  }

  // One less than the largest k with P(Binomial(n, 1/2) < k) at most 2.5 %: so many values lie
  // outside on each side.
  private static int outside(int n) {
    double probability = Math.pow(0.5, n);
    double sum = 0;
    int k = 0;
    while (sum + probability <= 0.025) {
      sum += probability;
      k++;
      probability = probability * (n - k + 1) / k;
    }
    return Math.max(0, k - 1);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.2f [%.2f, %.2f]", median, low, high);
  }
}
