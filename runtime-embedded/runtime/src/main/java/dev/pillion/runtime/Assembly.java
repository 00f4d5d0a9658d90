// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.ComponentException;
import dev.pillion.InvalidConfigurationException;
import dev.pillion.call.CallChain;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.engine.InvocationEngine;
import dev.pillion.pubsub.engine.PubSubEngine;
import dev.pillion.pubsub.spi.PubSubComponent;
import dev.pillion.resiliency.PolicyEngine;
import dev.pillion.secrets.spi.SecretStoreComponent;
import dev.pillion.state.StateStore;
import dev.pillion.state.engine.StateEngine;
import dev.pillion.state.spi.StateStoreComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One start of a runtime: from what the builder holds to open components and wired blocks. */
final class Assembly {
  private static final Logger log = LoggerFactory.getLogger(Assembly.class);

  final TimeSource time;
  final PolicyEngine policies;
  final Threads threads;
  final CallChain calls;
  final Registry registry = new Registry();
  final Lifecycle lifecycle = new Lifecycle();
  private final EmbeddedRuntime.Builder builder;
  private final String namespace;
  private final List<String> problems = new ArrayList<>();
  private final List<Registry.Entry> opened = new ArrayList<>();
  private final List<ComponentException> unreachable = new ArrayList<>();
  final PubSubEngine pubsub;
  final InvocationEngine invocation;
  private final StateEngine state;
  private final Outboxes outboxes;
  private final ResourceLoader resources;
  private final ConfigurationFiles configurations;
  private final EndpointAssembly endpoints;
  final @Nullable AccessPolicy access;
  private final PeerAssembly peers;
  final Peering peering;
  private final SubscriptionAssembly subscriptions;

  Assembly(EmbeddedRuntime.Builder builder) {
    this.builder = builder;
    this.threads = threads(builder);
    this.time = time(builder);
    this.namespace = builder.effectiveNamespace();
    this.resources = new ResourceLoader(builder.appId, namespace, problems);
    builder.folders.forEach(resources::load);
    this.configurations = new ConfigurationFiles(builder.configurations, problems);
    this.access = configurations.access(builder.access);
    this.endpoints = new EndpointAssembly(problems);
    this.policies = new PolicyAssembly(builder, resources, time, problems).engine();
    requireOneApp();
    // Innermost: metrics and the program's own advice see a call once, however often it is tried.
    var interceptors = new ArrayList<>(builder.interceptors);
    interceptors.add(policies);
    this.calls = CallChain.of(interceptors);
    this.state = new StateEngine(builder.appId, namespace, builder.serializer, calls);
    this.pubsub = new PubSubEngine(
        builder.appId,
        namespace,
        builder.serializer,
        calls,
        time,
        policies::attempts,
        PolicyAssembly::expressions,
        builder.drainTimeout);
    this.outboxes = new Outboxes(state, pubsub);
    this.invocation = new InvocationEngine(
        builder.appId,
        namespace,
        builder.serializer,
        calls,
        time,
        builder.network,
        builder.drainTimeout);
    // Built-in retries alone: whoever watches calls sees that of the app once.
    invocation.hops(CallChain.of(List.of(policies)));
    this.peers = new PeerAssembly(builder, access, invocation, time, threads);
    this.peering = peers.peering;
    this.subscriptions = new SubscriptionAssembly(builder, resources, registry, pubsub, problems);
  }

  /**
   * Which of several would be asked nobody could say; Dapr has one app beside a sidecar as well.
   */
  private void requireOneApp() {
    var apps = builder.extensions.stream()
        .map(Extension::appConnection)
        .filter(Objects::nonNull)
        .map(app -> "%s://%s:%d".formatted(app.protocol(), app.address(), app.port()))
        .toList();
    if (apps.size() > 1) {
      problems.add("a runtime has one app beside it, but its extensions connect it to %s; "
              .formatted(String.join(" and ", apps))
          + "keep one, and give every other app a runtime of its own");
    }
  }

  private Threads threads(EmbeddedRuntime.Builder from) {
    if (from.threads != null) {
      return from.threads;
    }
    var own = new SystemThreads(from.appId);
    lifecycle.opened("threads", own);
    return own;
  }

  private TimeSource time(EmbeddedRuntime.Builder from) {
    if (from.time != null) {
      return from.time;
    }
    var own = new SystemTime(from.appId);
    lifecycle.opened("timer", own);
    return own;
  }

  EmbeddedRuntime start() {
    long begun = time.nanos();
    try {
      warnOfName();
      var opener = new Opener(builder.appId, namespace, time, threads, lifecycle);
      configure(opener);
      opener.openAll(registry, unopened());
      // Closed after everything that brings calls in, before the components that calls need.
      lifecycle.opened("policies", policies);
      lifecycle.opened("calls", calls::close);
      endpoints.start(builder.appId, invocation, threads, lifecycle);
      pubsubs();
      peers.prepare(lifecycle);
      lifecycle.opened("subscriptions", pubsub);
      builder.methods.forEach(method -> method.accept(invocation));
      guard();
      invocation.join();
      lifecycle.opened("methods", invocation);
      var runtime = new EmbeddedRuntime(builder, this);
      builder.handlers.forEach(pubsub::subscribe);
      for (Extension extension : builder.extensions) {
        lifecycle.opened(extension.getClass().getName(), extension.start(runtime));
      }
      lifecycle.opened("warnings", subscriptions.watch(time));
      // Last: whoever finds this runtime finds its methods, and the program beside it.
      peers.start(registry, lifecycle);
      log.info("\"{}\" is ready after {} ms", builder.appId, (time.nanos() - begun) / 1_000_000);
      return runtime;
    } catch (Throwable e) {
      lifecycle.close().forEach(e::addSuppressed);
      if (e instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      if (e instanceof Error error) {
        throw error;
      }
      if (e instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw new IllegalStateException("the runtime \"" + builder.appId + "\" could not start", e);
    }
  }

  /** Keys and topics may have any app id, so that this is no error. */
  private void warnOfName() {
    if (builder.appId.indexOf('.') >= 0) {
      log.warn(
          "the app id \"{}\" has a dot, behind which callers write a namespace: no app can call this one by its id; "
              + "choose one without a dot if any is to call it",
          builder.appId);
    }
  }

  /** Before anybody can call. */
  private void guard() {
    if (access != null) {
      invocation.policy(access);
    }
    if (builder.extensions.stream()
        .map(Extension::appConnection)
        .anyMatch(app -> app != null && app.protocol().startsWith("grpc"))) {
      invocation.appSpeaksGrpc();
    }
  }

  /**
   * Reads and checks everything before the first backend is touched, secret stores excepted: others
   * need their secrets.
   */
  private void configure(Opener opener) {
    builder.components.forEach((name, component) -> {
      var metadata = ComponentMetadata.of(Map.of());
      registry.add(new Registry.Entry(
          name, "", component, metadata, ComponentSpec.DEFAULT_INIT_TIMEOUT, false));
    });
    subscriptions.checkHandlers();
    endpoints.add(builder.endpoints);
    if (!builder.folders.isEmpty()
        || !builder.specs.isEmpty()
        || !builder.configurations.isEmpty()) {
      configureByDocuments(opener);
    }
    peers.check(registry, problems);
    if (!problems.isEmpty()) {
      unreachable.forEach(e -> problems.add(e.getMessage()));
      throw new InvalidConfigurationException(problems);
    }
    if (!unreachable.isEmpty()) {
      throw unreachable.get(0);
    }
  }

  private void configureByDocuments(Opener opener) {
    var environment = new Environment(builder.environment);
    var types = new ComponentTypes(environment);
    var settings = new Settings(builder.appId, namespace, environment, registry, problems);
    builder.specs.forEach(
        spec -> create(types, p -> "component \"%s\"".formatted(spec.name()), spec, Set.of()));
    openSecretStores(opener);
    for (var document : resources.documents()) {
      if (document.isSecretStore()) {
        create(types, settings, document);
        openSecretStores(opener);
      }
    }
    for (var document : resources.documents()) {
      if (!document.isSecretStore()) {
        create(types, settings, document);
      }
    }
    var resolver = configurations.resolver();
    if (resolver != null) {
      create(types, settings, resolver);
    }
    resources.endpoints().forEach(document -> endpoints.add(document, settings));
    subscriptions.declare();
    outboxes.check(registry, problems);
  }

  private void openSecretStores(Opener opener) {
    var stores = unopened().stream()
        .filter(entry -> entry.component() instanceof SecretStoreComponent)
        .toList();
    try {
      opener.openAll(registry, stores);
    } catch (ComponentException e) {
      unreachable.add(e);
    }
    opened.addAll(stores);
  }

  private List<Registry.Entry> unopened() {
    return registry.entries().stream().filter(entry -> !opened.contains(entry)).toList();
  }

  private void create(ComponentTypes types, Settings settings, ComponentDocument document) {
    var resolved = settings.resolve(document);
    create(types, document::describe, resolved.spec(), resolved.unresolved());
  }

  /**
   * Adds the component to the registry, unless anything is wrong with it.
   *
   * @param place where a problem stands
   */
  private void create(
      ComponentTypes types,
      UnaryOperator<String> place,
      ComponentSpec spec,
      Set<String> unresolved) {
    if (registry.find(spec.name(), Component.class) != null) {
      problems.add(place.apply("") + ": code has given that name to another component already");
      return;
    }
    var found = new ArrayList<String>();
    var component = types.create(spec, found::add);
    if (component instanceof StateStoreComponent) {
      state.check(spec.name(), spec.metadata());
    }
    if (component instanceof PubSubComponent) {
      PubSubEngine.check(spec.metadata());
    }
    if (component != null) {
      spec.metadata().problems().stream()
          .filter(problem ->
              unresolved.stream().noneMatch(key -> problem.startsWith("\"" + key + "\"")))
          .forEach(found::add);
    }
    found.forEach(problem -> problems.add(place.apply(problem) + ": " + problem));
    if (component == null || !found.isEmpty() || !unresolved.isEmpty()) {
      registry.leaveOut(spec.name(), "it is configured wrongly");
      return;
    }
    registry.add(new Registry.Entry(
        spec.name(),
        spec.version(),
        component,
        spec.metadata(),
        spec.initTimeout(),
        spec.ignoreErrors()));
  }

  private void pubsubs() {
    for (var entry : registry.entries()) {
      if (entry.component() instanceof PubSubComponent component) {
        pubsub.add(entry.name(), component, entry.metadata());
      }
    }
  }

  /** The handles that programs take from the runtime. */
  Map<String, StateStore> stateStores() {
    var stores = new LinkedHashMap<String, StateStore>();
    for (var entry : registry.entries()) {
      if (entry.component() instanceof StateStoreComponent component) {
        var outbox = outboxes.begin(entry, component);
        stores.put(entry.name(), state.store(entry.name(), component, entry.metadata(), outbox));
      }
    }
    return Map.copyOf(stores);
  }
}
