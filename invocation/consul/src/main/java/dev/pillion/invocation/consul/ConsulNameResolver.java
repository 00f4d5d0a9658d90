// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.consul;

import dev.pillion.Registration;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.Resolution;
import java.net.URI;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds apps among the services of Consul whose checks pass, as Dapr's
 * {@code nameresolution.consul} does: the port of a runtime stands in a service's metadata.
 * Namespaces are not told apart, as in Dapr. Thread-safe.
 */
public final class ConsulNameResolver implements NameResolverComponent {
  private static final Logger LOG = LoggerFactory.getLogger(ConsulNameResolver.class);

  /** A call that can't reach a replica asks sooner. */
  private static final Duration VALID_FOR = Duration.ofSeconds(1);

  private final AgentSettings settings;
  private final Lookup lookup;
  private final Registering registering;
  private final boolean watches;
  private volatile @Nullable Opened opened;
  private volatile @Nullable ConsulRegistration registration;

  private record Opened(Agent agent, ComponentContext context, ServiceWatches watches) {}

  private ConsulNameResolver(
      AgentSettings settings, Lookup lookup, Registering registering, boolean watches) {
    this.settings = settings;
    this.lookup = lookup;
    this.registering = registering;
    this.watches = watches;
  }

  /**
   * A resolver that registers this runtime with the agent at {@code http://host:port}, and
   * deregisters it at the end.
   */
  public static ConsulNameResolver at(URI agent) {
    return new ConsulNameResolver(
        AgentSettings.at(agent), Lookup.standard(), Registering.always(), false);
  }

  @Override
  public String type() {
    return "nameresolution.consul";
  }

  @Override
  public void open(ComponentContext context) {
    var agent = new Agent(settings, context);
    agent.probe(context.deadline());
    opened = new Opened(
        agent,
        context,
        new ServiceWatches(agent, lookup, registering.portKey(), settings.waitTime(), context));
    LOG.info("name resolver \"{}\" is open on Consul at {}", context.name(), agent);
  }

  @Override
  public Registration register(AppInstance self) {
    var open = open();
    if (!registering.makesKnown()) {
      return () -> {};
    }
    var made = new ConsulRegistration(
        open.context(), open.agent(), registering.service(self), registering.deregisters());
    made.start();
    registration = made;
    return made;
  }

  @Override
  public Resolution resolve(String appId, String namespace, Deadline deadline) {
    var open = open();
    if (watches) {
      var known = open.watches().known(appId);
      if (known != null) {
        return new Resolution(known, Duration.ZERO);
      }
    }
    var answer = open.agent().healthy(appId, lookup, deadline);
    var addresses = Services.addresses(appId, registering.portKey(), answer.body());
    if (addresses.isEmpty()) {
      return Resolution.unknown();
    }
    if (watches) {
      open.watches().watch(appId, addresses, answer.index());
    }
    return new Resolution(addresses, watches ? Duration.ZERO : VALID_FOR);
  }

  @Override
  public void probe(Deadline deadline) {
    open().agent().probe(deadline);
    var registered = registration;
    if (registered != null) {
      registered.probe();
    }
  }

  @Override
  public void close() {
    var registered = registration;
    if (registered != null) {
      registered.close();
    }
    var open = opened;
    opened = null;
    if (open != null) {
      open.watches().close();
    }
  }

  private Opened open() {
    var open = opened;
    if (open == null) {
      throw new IllegalStateException(
          "the name resolver on Consul at " + settings + " is not open");
    }
    return open;
  }

  /** Makes it from Dapr's {@code spec.nameResolution} with component {@code consul}. */
  public static final class Provider implements ComponentProvider {
    @Override
    public String type() {
      return "nameresolution.consul";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      return new ConsulNameResolver(
          AgentSettings.read(metadata),
          Lookup.read(metadata),
          Registering.read(metadata),
          metadata.truthy("useCache", false));
    }
  }
}
