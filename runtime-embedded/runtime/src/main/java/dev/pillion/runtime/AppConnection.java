// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.pubsub.SubscriptionDeclaration;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a runtime is connected to a program beside it.
 *
 * @param protocol as daprd's {@code --app-protocol}
 * @param address the name or address of the machine it listens on
 * @param port its port
 * @param maxConcurrency how many calls it is given at a time; zero or below for no limit
 * @param state how it stands, for people
 * @param healthCheck how it is asked whether it is well; null when it is not
 * @param subscriptions what it has asked to be told of; empty before it was asked
 */
public record AppConnection(
    String protocol,
    String address,
    int port,
    int maxConcurrency,
    String state,
    @Nullable HealthCheck healthCheck,
    List<SubscriptionDeclaration> subscriptions) {
  /** Copies the list. */
  public AppConnection {
    subscriptions = List.copyOf(subscriptions);
  }

  /** A program that has not asked for anything. */
  public AppConnection(
      String protocol,
      String address,
      int port,
      int maxConcurrency,
      String state,
      @Nullable HealthCheck healthCheck) {
    this(protocol, address, port, maxConcurrency, state, healthCheck, List.of());
  }

  /** How often it is asked, how long an answer may take, how many failures count. */
  public record HealthCheck(String path, Duration interval, Duration timeout, int threshold) {}

  @Override
  public String toString() {
    return "%s://%s:%d %s".formatted(protocol, address, port, state);
  }
}
