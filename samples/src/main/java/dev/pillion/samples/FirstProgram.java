// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import dev.pillion.EtagMismatchException;
import dev.pillion.local.Local;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.SaveOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Keeps orders in a local database: no server, nothing lost on restart. Run it twice: it goes on
 * where it stopped.
 */
public final class FirstProgram {
  record Order(String customer, List<String> items) {}

  private FirstProgram() {}

  public static void main(String[] args) {
    try (var runtime = EmbeddedRuntime.builder("checkout")
        .with(Local.in(Path.of("target", "data")))
        .start()) {
      var orders = runtime.state("statestore");

      int visits = orders.get("visits", Integer.class).orElse(0) + 1;
      orders.save("visits", visits);
      System.out.println("run number " + visits + " on this database");

      orders.save(
          "42",
          new Order("alice", List.of("book")),
          SaveOptions.defaults().expireAfter(Duration.ofDays(7)));
      var entry = orders.entry("42", Order.class).orElseThrow();
      System.out.println(
          "order 42 is " + entry.value() + ", kept until " + entry.expiresAt().orElseThrow());

      orders.transaction(
          tx -> tx.save("42", new Order("alice", List.of("book", "lamp"))).delete("41"));
      try {
        orders.save("42", new Order("bob", List.of()), SaveOptions.ifMatch(entry.etag()));
      } catch (EtagMismatchException e) {
        System.out.println("a writer with an old etag is refused: " + e.getMessage());
      }
      System.out.println(runtime.describe());
    }
  }
}
