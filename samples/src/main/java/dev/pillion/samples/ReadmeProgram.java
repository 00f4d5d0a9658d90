// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import dev.pillion.local.Local;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.StateStore;
import java.nio.file.Path;

/** README's first program, word for word: a test compares them. */
public final class ReadmeProgram {
  record Order(String customer, int total) {}

  record Payment(String order, int cents) {}

  private ReadmeProgram() {}

  public static void main(String[] args) throws InterruptedException {
    try (var runtime = EmbeddedRuntime.builder("checkout") // the app id
        .with(Local.in(Path.of("data"))) // SQLite: no server, nothing lost on restart
        .start()) {
      StateStore orders = runtime.state("statestore");
      orders.save("42", new Order("alice", 990));
      Order found = orders.get("42", Order.class).orElseThrow();
      orders.transaction(tx -> tx.save("43", found).delete("42"));

      runtime.subscribe("pubsub", "paid", Payment.class, System.out::println); // returns: handled
      runtime.topic("pubsub", "paid").publish(new Payment("43", 990)); // on disk until then
      runtime.awaitShutdown(); // until Ctrl-C
    }
  }
}
