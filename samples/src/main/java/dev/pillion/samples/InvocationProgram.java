// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.InvocationException;
import dev.pillion.runtime.EmbeddedRuntime;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Two apps of one JVM: one sells, the other has the stock. In two JVMs they would be the same. */
public final class InvocationProgram {
  /** What is asked for. */
  public record Reserve(String item, int amount) {}

  /** What is left. */
  public record Stock(String item, int left) {}

  /** The method of the one app. */
  static final class Inventory {
    private final Map<String, Integer> stock = new ConcurrentHashMap<>(Map.of("book", 3));

    Stock reserve(Reserve request) {
      var left = stock.computeIfPresent(request.item(), (item, there) -> {
        if (there < request.amount()) {
          throw new InvocationException(409, "only %d of %s left".formatted(there, item));
        }
        return there - request.amount();
      });
      if (left == null) {
        throw new InvocationException(404, "there is no " + request.item());
      }
      return new Stock(request.item(), left);
    }
  }

  private InvocationProgram() {}

  /** Calls until nothing is left. */
  public static void main(String[] args) {
    var network = InProcessNetwork.create();
    var inventory = new Inventory();
    try (var stock = EmbeddedRuntime.builder("inventory")
            .network(network)
            .method("reserve", Reserve.class, inventory::reserve)
            .start();
        var checkout = EmbeddedRuntime.builder("checkout").network(network).start()) {
      var app = checkout.app(stock.appId());
      while (true) {
        var left = app.invoke("reserve", new Reserve("book", 2), Stock.class);
        System.out.println("reserved two, now " + left);
      }
    } catch (InvocationException e) {
      System.out.println("status " + e.statusCode() + ": " + e.getMessage());
    }
  }
}
