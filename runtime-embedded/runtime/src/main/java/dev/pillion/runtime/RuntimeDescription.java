// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.pubsub.engine.SubscriptionDescription;
import dev.pillion.resiliency.ResiliencyDescription;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a runtime is made of; {@link #toString} is made to be read.
 *
 * @param appId the app id
 * @param namespace the namespace; empty when there is none
 * @param version Pillion's version
 * @param components the open components, by name
 * @param app the program beside this one; null when there is none
 * @param invocation what it can be called for, and whom it can call
 * @param resiliency the policies and how their targets fare
 * @param subscriptions what is subscribed to and who takes it, by pubsub and topic; the resources
 *     that nobody takes are among them
 */
public record RuntimeDescription(
    String appId,
    String namespace,
    String version,
    List<ComponentDescription> components,
    @Nullable AppConnection app,
    InvocationDescription invocation,
    ResiliencyDescription resiliency,
    List<SubscriptionDescription> subscriptions) {
  /** Copies the lists. */
  public RuntimeDescription {
    components = List.copyOf(components);
    subscriptions = List.copyOf(subscriptions);
  }

  @Override
  public String toString() {
    return "Pillion %s, app id \"%s\"%s%s%s"
            .formatted(
                version,
                appId,
                namespace.isEmpty() ? "" : ", namespace \"" + namespace + "\"",
                app == null ? "" : ", app " + app,
                components.stream()
                    .map(c -> "%n  %-16s %s/%s %s %s"
                        .formatted(c.name(), c.type(), c.version(), c.capabilities(), c.settings()))
                    .collect(Collectors.joining()))
        + (invocation.isEmpty() ? "" : System.lineSeparator() + invocation)
        + subscriptions.stream()
            .map(subscription -> System.lineSeparator() + subscription)
            .collect(Collectors.joining())
        + (resiliency.isEmpty() ? "" : System.lineSeparator() + resiliency);
  }
}
