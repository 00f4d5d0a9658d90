// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.component.NearestName;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.pubsub.engine.DeclaredSubscription;
import dev.pillion.pubsub.engine.PubSubEngine;
import dev.pillion.pubsub.spi.PubSubComponent;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From the subscriptions of files and of the builder to those of the engine. */
final class SubscriptionAssembly {
  private static final Logger log = LoggerFactory.getLogger(SubscriptionAssembly.class);

  /** A program registers handlers after the start as well. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final EmbeddedRuntime.Builder builder;
  private final ResourceLoader resources;
  private final Registry registry;
  private final PubSubEngine pubsub;
  private final List<String> problems;

  SubscriptionAssembly(
      EmbeddedRuntime.Builder builder,
      ResourceLoader resources,
      Registry registry,
      PubSubEngine pubsub,
      List<String> problems) {
    this.builder = builder;
    this.resources = resources;
    this.registry = registry;
    this.pubsub = pubsub;
    this.problems = problems;
  }

  /** Collects what is wrong with the rules of handlers that the builder has. */
  void checkHandlers() {
    builder.handlers.forEach(handler -> problems.addAll(pubsub.problems(handler)));
  }

  /** Hands what files say to the engine. */
  void declare() {
    for (var resource : resources.subscriptions()) {
      problems.addAll(pubsub.declare(resource));
      var name = resource.declaration().pubsub();
      if (!name.isEmpty() && registry.find(name, PubSubComponent.class) == null) {
        warnOfUnknownPubSub(resource);
      }
    }
  }

  /** Files are shared by apps, so a pubsub that only others have is no error. */
  private void warnOfUnknownPubSub(DeclaredSubscription resource) {
    var declaration = resource.declaration();
    var known = registry.entries().stream()
        .filter(entry -> entry.component() instanceof PubSubComponent)
        .map(Registry.Entry::name)
        .toList();
    var nearest = NearestName.to(declaration.pubsub(), known);
    log.warn(
        "{}: there is no pubsub \"{}\", the subscription \"{}\" has no effect{}; there are {}",
        resource.source(),
        declaration.pubsub(),
        declaration.name(),
        nearest == null ? "" : "; did you mean \"" + nearest + "\"?",
        known);
  }

  /**
   * Warns once, a while after the start, of what resources declare and nobody takes. An app beside
   * the runtime takes all that is left, and speaks for itself.
   *
   * @return ends it
   */
  AutoCloseable watch(TimeSource time) {
    boolean app =
        builder.extensions.stream().map(Extension::appConnection).anyMatch(Objects::nonNull);
    if (app || pubsub.declarations().isEmpty()) {
      return () -> {};
    }
    var check = time.schedule(PATIENCE, () -> pubsub.untaken().forEach(log::warn));
    return check::cancel;
  }
}
