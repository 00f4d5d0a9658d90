// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.BuildingBlockException;
import dev.pillion.Serializer;
import dev.pillion.call.Call;
import dev.pillion.call.CallChain;
import dev.pillion.call.CallInterceptor;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Threads;
import dev.pillion.concurrent.TimeSource;
import dev.pillion.invocation.AccessPolicy;
import dev.pillion.invocation.AppClient;
import dev.pillion.invocation.HttpEndpoint;
import dev.pillion.invocation.InProcessNetwork;
import dev.pillion.invocation.spi.PeerDirectory;
import dev.pillion.invocation.spi.PeerTransport;
import dev.pillion.pubsub.SubscriptionDeclaration;
import dev.pillion.pubsub.Topic;
import dev.pillion.resiliency.PolicyEngine;
import dev.pillion.resiliency.PolicyListener;
import dev.pillion.resiliency.Resiliency;
import dev.pillion.state.StateStore;
import dev.pillion.state.spi.StateStoreComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Dapr's building blocks in this process. A program builds one in {@code main}, takes its handles
 * from it, and closes it at the end; several live side by side in one JVM.
 *
 * <pre>{@code
 * try (var runtime = EmbeddedRuntime.builder("checkout")
 *         .resources(Path.of("components"))
 *         .start()) {
 *     runtime.state("orders").save("42", order);
 * }
 * }</pre>
 *
 * <p>Thread-safe. Everything is usable when {@link Builder#start} returns, and nothing after
 * {@link #close}: handles then throw {@link IllegalStateException}.
 */
public final class EmbeddedRuntime extends RunningHandlers implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EmbeddedRuntime.class);

  private final String appId;
  private final String namespace;
  private final Duration drainTimeout;
  private final Serializer serializer;
  private final TimeSource time;
  private final Threads threads;
  private final CallChain calls;
  private final PolicyEngine policies;
  private final Registry registry;
  private final Lifecycle lifecycle;
  private final Map<String, StateStore> stateStores;
  private final List<Extension> extensions;
  private final Peering peering;
  private final @Nullable AccessPolicy access;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);

  EmbeddedRuntime(Builder builder, Assembly assembly) {
    super(assembly.pubsub, assembly.invocation);
    this.appId = builder.appId;
    this.namespace = builder.effectiveNamespace();
    this.drainTimeout = builder.drainTimeout;
    this.serializer = builder.serializer;
    this.time = assembly.time;
    this.threads = assembly.threads;
    this.calls = assembly.calls;
    this.policies = assembly.policies;
    this.registry = assembly.registry;
    this.lifecycle = assembly.lifecycle;
    this.stateStores = assembly.stateStores();
    this.extensions = List.copyOf(builder.extensions);
    this.peering = assembly.peering;
    this.access = assembly.access;
  }

  /**
   * Begins to configure a runtime.
   *
   * @param appId identity of the program, and by default the prefix of its keys
   * @throws IllegalArgumentException when the app id is empty or contains {@code ||}
   */
  public static Builder builder(String appId) {
    return new Builder(appId);
  }

  /** The app id. */
  public String appId() {
    return appId;
  }

  /** The namespace; empty when there is none. */
  public String namespace() {
    return namespace;
  }

  /**
   * The state store of that name; the same object each time.
   *
   * @throws dev.pillion.NoSuchComponentException when there is none, naming those there are
   */
  public StateStore state(String name) {
    requireOpen();
    var store = stateStores.get(name);
    if (store == null) {
      throw registry.missing(
          name,
          StateStoreComponent.class,
          "state store",
          "ERR_STATE_STORE_NOT_FOUND",
          "ERR_STATE_STORE_NOT_CONFIGURED");
    }
    return store;
  }

  /**
   * The topic of a pubsub, to publish to. Handles are cheap; keep them all the same.
   *
   * @throws dev.pillion.NoSuchComponentException when there is no such pubsub, naming those there
   *     are
   * @throws IllegalArgumentException when the topic's name is empty
   */
  public Topic topic(String pubsubName, String topic) {
    requireOpen();
    return pubsub.topic(pubsubName, topic);
  }

  /**
   * Another app, or this one, to call its methods. Handles are cheap; keep them all the same.
   *
   * @param target an app id, which is looked for in the runtime's namespace;
   *     {@code appId.namespace}; the name of an HTTP endpoint; or a URL
   * @throws IllegalArgumentException when the target is none of them
   */
  public AppClient app(String target) {
    requireOpen();
    Objects.requireNonNull(
        target, "app(target) needs an app id, the name of an HTTP endpoint, or a URL, not null");
    return invocation.app(target);
  }

  /** Where calls between runtimes are routed, for protocols that pass them on unread. */
  public PeerDirectory peers() {
    return invocation;
  }

  /** How peers are reached, for protocols that pass calls on unread; empty when they are not. */
  public Optional<PeerTransport> peerTransport() {
    return peering.transport();
  }

  /** What the subscription resources say, in their order; of one topic the first. */
  public List<SubscriptionDeclaration> subscriptions() {
    return pubsub.declarations();
  }

  /** The chain that every call passes; a facade wraps what it receives in it. */
  public CallChain calls() {
    return calls;
  }

  /** How often the policies try a call in all: 1 without retries, 0 for without end. */
  public int attempts(Call call) {
    return policies.attempts(call);
  }

  /** How values become bytes. */
  public Serializer serializer() {
    return serializer;
  }

  /** The runtime's clock. */
  public TimeSource time() {
    return time;
  }

  /** The runtime's threads. */
  public Threads threads() {
    return threads;
  }

  /** How long closing waits for handlers and calls of peers that are under way. */
  public Duration drainTimeout() {
    return drainTimeout;
  }

  /** What the runtime is made of; secrets are left out. */
  public RuntimeDescription describe() {
    var app = extensions.stream()
        .map(Extension::appConnection)
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
    return new RuntimeDescription(
        appId,
        namespace,
        PillionVersion.current(),
        registry.describe(),
        app,
        new InvocationDescription(
            invocation.methodNames(),
            invocation.endpoints(),
            peering.describe(),
            access == null ? "" : access.toString()),
        policies.describe(),
        pubsub.describe());
  }

  /**
   * Asks every component's backend for a sign of life, and waits at most {@code timeout} for each.
   * A component is degraded, too, while a handler of its messages runs on although its time is up.
   */
  public List<ComponentHealth> health(Duration timeout) {
    requireOpen();
    var components = registry.health(timeout, time).stream()
        .map(health -> health.stuck(policies.stuck(health.name())));
    return Stream.concat(components, peering.health().stream()).toList();
  }

  /**
   * Tells a listener of every target whose policies have a state: those that have been called now,
   * each later one when it is called first. It holds the listener as long as the runtime lives.
   */
  public void onPolicies(PolicyListener listener) {
    policies.listen(listener);
  }

  /**
   * Blocks until the runtime is closed, by another thread or by the JVM's shutdown, which closes it
   * first. This installs the runtime's only shutdown hook; a host with a lifecycle of its own calls
   * {@link #close} instead.
   *
   * @throws InterruptedException when the waiting thread is interrupted; the runtime stays open
   */
  public void awaitShutdown() throws InterruptedException {
    ShutdownHook.awaitClosed(this, closed);
  }

  @Override
  void requireOpen() {
    if (closing.get()) {
      throw new IllegalStateException("the runtime \"" + appId + "\" is closed");
    }
  }

  /**
   * Ends everything in the opposite order of the start: what comes from outside first, components
   * last. Idempotent: a call while another thread is closing returns at once. May be called from a
   * handler, in which case it does not wait for that handler beyond {@link Builder#drainTimeout}.
   *
   * @throws BuildingBlockException when something did not close cleanly; all the rest is closed
   */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    try {
      var failures = lifecycle.close();
      if (!failures.isEmpty()) {
        var failure = new BuildingBlockException(
            "ERR_CLOSE", "the runtime \"" + appId + "\" did not close cleanly", failures.get(0));
        failures.stream().skip(1).forEach(failure::addSuppressed);
        throw failure;
      }
      log.info("\"{}\" is closed", appId);
    } finally {
      closed.countDown();
    }
  }

  /** Configures a runtime. Nothing is opened before {@link #start}. Not thread-safe; used once. */
  public static final class Builder extends HandlersAtStart {
    final String appId;
    final List<Path> folders = new ArrayList<>();
    final Map<String, Component> components = new LinkedHashMap<>();
    final List<ComponentSpec> specs = new ArrayList<>();
    final List<Extension> extensions = new ArrayList<>();
    final List<CallInterceptor> interceptors = new ArrayList<>();
    final List<Resiliency> resiliency = new ArrayList<>();
    final List<Path> configurations = new ArrayList<>();
    final List<HttpEndpoint> endpoints = new ArrayList<>();
    Map<String, String> environment = System.getenv();
    Serializer serializer = new JsonSerializer();
    Duration drainTimeout = Duration.ofSeconds(5);

    private @Nullable String namespace;

    @Nullable
    InProcessNetwork network;

    @Nullable
    AccessPolicy access;

    @Nullable
    PeerTransport peers;

    @Nullable
    TimeSource time;

    @Nullable
    Threads threads;

    private boolean started;

    private Builder(String appId) {
      if (appId.isBlank() || appId.contains("||")) {
        throw new IllegalArgumentException("the app id \"" + appId
            + "\" can't be empty or contain \"||\": it is part of stored keys");
      }
      this.appId = appId;
    }

    @Override
    Builder self() {
      return this;
    }

    /** Reads Dapr's resource files from these folders, without their subfolders. */
    public Builder resources(Path... resourceFolders) {
      folders.addAll(List.of(resourceFolders));
      return this;
    }

    /**
     * Adds a component made in code.
     *
     * @throws IllegalArgumentException when code has given the name to another component already
     */
    public Builder component(String name, Component component) {
      if (name.isBlank()) {
        throw new IllegalArgumentException("a component needs a name");
      }
      var other = components.putIfAbsent(name, component);
      if (other != null) {
        throw new IllegalArgumentException(
            "the name \"%s\" is taken by a %s".formatted(name, other.type()));
      }
      return this;
    }

    /** Adds a component by its specification: what a component file says, in code. */
    public Builder component(ComponentSpec spec) {
      specs.add(spec);
      return this;
    }

    /** Adds local defaults, metrics, a facade. */
    public Builder with(Extension extension) {
      extension.configure(this);
      extensions.add(extension);
      return this;
    }

    /** Adds advice around every call; the first one added is outermost. */
    public Builder interceptor(CallInterceptor interceptor) {
      interceptors.add(interceptor);
      return this;
    }

    /**
     * Adds policies: what a Resiliency file says, in code. They overwrite those of files, and later
     * ones earlier ones, where policies or targets have the same name.
     */
    public Builder resiliency(Resiliency policies) {
      resiliency.add(policies);
      return this;
    }

    /** Runtimes of this JVM that have the same one call each other without a socket. */
    public Builder network(InProcessNetwork shared) {
      this.network = shared;
      return this;
    }

    /**
     * Reads one of Dapr's Configuration files, daprd's {@code --config}: {@code accessControl} and
     * {@code nameResolution}. Of the other sections a warning says what to use instead.
     */
    public Builder configuration(Path file) {
      configurations.add(file);
      return this;
    }

    /** Which peers may call which methods; all of them unless set, here or in a configuration. */
    public Builder accessPolicy(AccessPolicy policy) {
      this.access = policy;
      return this;
    }

    /**
     * Takes calls of peers over this transport, and calls those that a name resolver finds. Unless
     * set, a runtime with a name resolver takes the transport that the class path has.
     */
    public Builder peers(PeerTransport transport) {
      this.peers = transport;
      return this;
    }

    /** Adds an HTTP service outside, which is called by its name as apps are. */
    public Builder endpoint(HttpEndpoint endpoint) {
      endpoints.add(endpoint);
      return this;
    }

    /** How values become bytes; JSON by Jackson unless set. */
    public Builder serializer(Serializer other) {
      this.serializer = other;
      return this;
    }

    /**
     * The namespace; the environment's {@code NAMESPACE} unless set, empty for none: other apps
     * know this one by {@code default} then, as in Dapr.
     */
    public Builder namespace(String other) {
      this.namespace = other;
      return this;
    }

    String effectiveNamespace() {
      return namespace != null ? namespace : environment.getOrDefault("NAMESPACE", "");
    }

    /** The variables that component files may refer to; the process's own unless set. */
    public Builder environment(Map<String, String> variables) {
      this.environment = Map.copyOf(variables);
      return this;
    }

    /**
     * How long closing waits for handlers of events and calls of peers that are under way; 5 s
     * unless set. The program's own calls are its own to wait for: they fail when their component
     * closes.
     */
    public Builder drainTimeout(Duration timeout) {
      if (timeout.isNegative()) {
        throw new IllegalArgumentException("the drain timeout can't be negative: " + timeout);
      }
      this.drainTimeout = timeout;
      return this;
    }

    /** The clock; the machine's unless set. The caller closes it. */
    public Builder time(TimeSource other) {
      this.time = other;
      return this;
    }

    /** The threads; the runtime's own unless set. The caller closes them. */
    public Builder threads(Threads other) {
      this.threads = other;
      return this;
    }

    /**
     * Opens everything and returns when it can be used.
     *
     * @throws dev.pillion.InvalidConfigurationException when anything is configured wrongly: all of
     *     it, in one message
     * @throws dev.pillion.ComponentException when a backend can't be reached within its
     *     {@code initTimeout}
     */
    public EmbeddedRuntime start() {
      if (started) {
        throw new IllegalStateException(
            "this builder has started a runtime already; make another one");
      }
      started = true;
      return new Assembly(this).start();
    }
  }
}
