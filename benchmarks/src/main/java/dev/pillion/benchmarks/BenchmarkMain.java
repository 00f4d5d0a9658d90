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

  private static final Map<String, Group> GROUPS = new TreeMap<>(Map.ofEntries(
      Map.entry("layer", LayerResults::run),
      Map.entry("pubsub", PubSubComparison::run),
      Map.entry("processes", ProcessesComparison::run),
      Map.entry("kafka", KafkaComparison::run),
      Map.entry("resiliency", ResiliencyResults::run),
      Map.entry("redis", RedisComparison::run),
      Map.entry("sqlite", SqliteComparison::run),
      Map.entry("postgres", PostgresComparison::run),
      Map.entry("facade", FacadeComparison::run),
      Map.entry("appchannel", AppChannelComparison::run),
      Map.entry("invocation", InvocationResults::run),
      Map.entry("start", StartComparison::run)));

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
