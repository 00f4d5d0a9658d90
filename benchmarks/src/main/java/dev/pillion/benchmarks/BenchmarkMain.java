// SPDX-License-Identifier: Apache-2.0
package dev.pillion.benchmarks;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Runs the groups named on the command line and writes each one's rows into the folder named first.
 */
public final class BenchmarkMain {
  /** A group of comparisons that share their servers. */
  @FunctionalInterface
  interface Group {
    void run(Results results) throws Exception;
  }

  private static final Map<String, Group> GROUPS = new TreeMap<>(Map.of(
      "layer", LayerResults::run,
      "pubsub", PubSubComparison::run,
      "resiliency", ResiliencyResults::run,
      "redis", RedisComparison::run,
      "sqlite", SqliteComparison::run,
      "postgres", PostgresComparison::run,
      "facade", FacadeComparison::run,
      "appchannel", AppChannelComparison::run,
      "invocation", InvocationResults::run,
      "start", StartComparison::run));

  private BenchmarkMain() {}

  /** Folder for the rows, then the groups. */
  public static void main(String[] args) throws Exception {
    for (String name : Arrays.asList(args).subList(1, args.length)) {
      var group = GROUPS.get(name);
      if (group == null) {
        throw new IllegalArgumentException(
            "no group \"%s\"; there are %s".formatted(name, GROUPS.keySet()));
      }
      var results = new Results();
      group.run(results);
      results.write(Path.of(args[0], name + ".md"));
    }
  }
}
