// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.InvalidConfigurationException;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.runtime.Extension;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves Dapr's gRPC API, so that programs in any language use this runtime through an unchanged
 * Dapr SDK.
 *
 * <pre>{@code
 * var facade = GrpcFacade.onPort(50001).token(System.getenv("FACADE_TOKEN"));
 * var runtime = EmbeddedRuntime.builder("checkout").with(facade).start();
 * }</pre>
 *
 * <p>It listens on the loopback address alone unless another one is named. Whoever reaches it may
 * do what the program itself may do with the runtime, closing it included, unless a {@link #token}
 * is asked for or APIs are {@link #deniedApis denied}. Traffic is not encrypted.
 *
 * <p>Each option is set once, before the facade is given to a runtime; a facade serves one runtime.
 */
public final class GrpcFacade implements Extension {
  private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);

  /** gRPC's own: at debug level it prints headers and bodies. */
  private static final String FRAME_LOGGER =
      "io.grpc.netty.shaded.io.grpc.netty.NettyServerHandler";

  /** Where SDKs look, whatever the JVM prefers. */
  private static final byte[] IPV4_LOOPBACK = {127, 0, 0, 1};

  private static final int DEFAULT_MESSAGE_SIZE = 4 * 1024 * 1024;
  private static final int DEFAULT_HEADER_LIST_SIZE = 64 * 1024;
  private static final int DEFAULT_CONCURRENT_CALLS = 256;
  private static final int LONGEST_SOCKET_PATH = 103;

  private final int port;
  private final @Nullable Path socket;
  private final @Nullable Path socketFolder;
  private final Map<String, String> environment;
  private @Nullable String bindAddress;
  private @Nullable String token;
  private @Nullable List<String> allowed;
  private @Nullable List<String> denied;
  private @Nullable Integer maxMessageSize;
  private @Nullable Integer maxHeaderListSize;
  private @Nullable Integer maxConcurrentCalls;
  private @Nullable Endpoint endpoint;
  private @Nullable FacadeOptions options;
  private volatile @Nullable FacadeServer server;

  GrpcFacade(
      int port,
      @Nullable Path socket,
      @Nullable Path socketFolder,
      Map<String, String> environment) {
    this.port = port;
    this.socket = socket;
    this.socketFolder = socketFolder;
    this.environment = environment;
  }

  /**
   * A facade on a TCP port of the loopback address.
   *
   * @param port 0 for any that is free; {@link #port} tells which. Dapr's default is 50001
   */
  public static GrpcFacade onPort(int port) {
    return new GrpcFacade(port, null, null, System.getenv());
  }

  /** A facade on a Unix domain socket, which this makes, for this user alone, and removes. */
  public static GrpcFacade onUnixSocket(Path file) {
    return new GrpcFacade(-1, file, null, System.getenv());
  }

  /**
   * A facade on a Unix domain socket named as daprd's {@code --unix-domain-socket} names it:
   * {@code dapr-APPID-grpc.socket} in this folder.
   */
  public static GrpcFacade onUnixSocketIn(Path folder) {
    return new GrpcFacade(-1, null, folder, System.getenv());
  }

  /**
   * Listens on another address than the loopback, {@code 0.0.0.0} for all: whoever is in the
   * network is then a caller. Without a {@link #token} that is logged as a warning.
   */
  public GrpcFacade bindAddress(String address) {
    requireUnset("bindAddress", bindAddress);
    this.bindAddress = address;
    return this;
  }

  /**
   * What callers must send as {@code dapr-api-token}; the environment's {@code DAPR_API_TOKEN}
   * unless set, and nothing where there is neither. Every SDK sends the {@code DAPR_API_TOKEN} of
   * its own environment.
   */
  public GrpcFacade token(String required) {
    requireUnset("token", token);
    this.token = required;
    return this;
  }

  /** Serves these of Dapr's groups of APIs alone, such as {@code state.v1}. */
  public GrpcFacade allowedApis(String... groups) {
    requireUnset("allowedApis", allowed);
    this.allowed = List.of(groups);
    return this;
  }

  /** Does not serve these of Dapr's groups of APIs, such as {@code shutdown.v1}. */
  public GrpcFacade deniedApis(String... groups) {
    requireUnset("deniedApis", denied);
    this.denied = List.of(groups);
    return this;
  }

  /** The largest request and the largest answer, in bytes; 4 MiB unless set. */
  public GrpcFacade maxMessageSize(int bytes) {
    requireUnset("maxMessageSize", maxMessageSize);
    this.maxMessageSize = bytes;
    return this;
  }

  /** How large the headers of one call may be together, in bytes; 64 KiB unless set. */
  public GrpcFacade maxHeaderListSize(int bytes) {
    requireUnset("maxHeaderListSize", maxHeaderListSize);
    this.maxHeaderListSize = bytes;
    return this;
  }

  /** How many calls of one connection run at a time, the others wait; 256 unless set. */
  public GrpcFacade maxConcurrentCallsPerConnection(int calls) {
    requireUnset("maxConcurrentCallsPerConnection", maxConcurrentCalls);
    this.maxConcurrentCalls = calls;
    return this;
  }

  private void requireUnset(String option, @Nullable Object value) {
    if (value != null) {
      throw new IllegalStateException("\"" + option + "\" is set already");
    }
    if (options != null) {
      throw new IllegalStateException(
          "the facade has been given to a runtime; set \"" + option + "\" before");
    }
  }

  /**
   * The port that it listens on.
   *
   * @throws IllegalStateException when it does not listen on a port: before the runtime has
   *     started, after it was closed, or on a Unix domain socket
   */
  public int port() {
    var running = server;
    if (running == null || running.port() < 0) {
      throw new IllegalStateException(
          running == null ? "the facade is not listening" : "the facade listens on no port");
    }
    return running.port();
  }

  /**
   * Checks the options.
   *
   * @throws InvalidConfigurationException when any is wrong
   */
  @Override
  public void configure(EmbeddedRuntime.Builder builder) {
    if (options != null) {
      throw new IllegalStateException("a facade serves one runtime; make another one");
    }
    var problems = new ArrayList<String>();
    var tokenWanted = token == null ? environment.getOrDefault("DAPR_API_TOKEN", "") : token;
    if (token != null && token.isEmpty()) {
      problems.add("the facade's token can't be empty; leave it out to ask for none");
    }
    if (!tokenWanted.chars().allMatch(letter -> letter > ' ' && letter < 127)) {
      problems.add("the facade's token has a space, a line end or a letter outside ASCII in it,"
          + " which no header carries");
    }
    options = new FacadeOptions(
        tokenWanted.isEmpty() ? null : tokenWanted,
        groups("allowedApis", allowed, problems),
        groups("deniedApis", denied, problems),
        positive("maxMessageSize", maxMessageSize, DEFAULT_MESSAGE_SIZE, problems),
        positive("maxHeaderListSize", maxHeaderListSize, DEFAULT_HEADER_LIST_SIZE, problems),
        positive(
            "maxConcurrentCallsPerConnection",
            maxConcurrentCalls,
            DEFAULT_CONCURRENT_CALLS,
            problems));
    endpoint = socket == null && socketFolder == null ? port(problems) : null;
    if (!problems.isEmpty()) {
      throw new InvalidConfigurationException(problems);
    }
    builder.interceptor(new CallerDeadline());
    WarmUp.begin();
  }

  private @Nullable Endpoint port(List<String> problems) {
    if (port < 0 || port > 65_535) {
      problems.add("the facade's port can't be " + port + "; it is 0 for any, or up to 65535");
      return null;
    }
    try {
      var address = bindAddress == null
          ? InetAddress.getByAddress(IPV4_LOOPBACK)
          : InetAddress.getByName(bindAddress);
      return new Endpoint.Port(new InetSocketAddress(address, port));
    } catch (UnknownHostException e) {
      problems.add("the facade's bindAddress \"" + bindAddress + "\" is not known");
      return null;
    }
  }

  private static int positive(
      String option, @Nullable Integer value, int unlessSet, List<String> problems) {
    if (value != null && value <= 0) {
      problems.add("the facade's " + option + " can't be " + value + "; it must be positive");
    }
    return value == null ? unlessSet : value;
  }

  private static Set<String> groups(
      String option, @Nullable List<String> given, List<String> problems) {
    var groups = new LinkedHashSet<String>();
    for (String group : given == null ? List.<String>of() : given) {
      var canonical = ApiGroups.canonical(group);
      if (!ApiGroups.names().contains(canonical)) {
        problems.add("the facade's %s names \"%s\", which is no group of APIs; there are %s"
            .formatted(option, group, ApiGroups.names()));
      }
      groups.add(canonical);
    }
    if (given != null && given.isEmpty()) {
      problems.add("the facade's " + option + " names no group of APIs");
    }
    return groups;
  }

  /** Listens, and returns what ends it. */
  @Override
  public AutoCloseable start(EmbeddedRuntime runtime) {
    var settings = options;
    if (settings == null) {
      throw new IllegalStateException("the facade has not been configured");
    }
    var place = endpoint == null ? socket(runtime) : endpoint;
    var started = FacadeServer.start(place, settings, runtime);
    server = started;
    var where =
        place instanceof Endpoint.Port at ? at.host() + ":" + started.port() : place.toString();
    if (settings.token() == null && place instanceof Endpoint.Port at && !at.isLoopback()) {
      log.warn("the facade listens on {} and asks for no token: set one", where);
    }
    if (LoggerFactory.getLogger(FRAME_LOGGER).isDebugEnabled()) {
      log.warn("\"{}\" logs every request with its token and values: keep it off", FRAME_LOGGER);
    }
    log.info(
        "\"{}\" serves Dapr's gRPC API on {}, {}",
        runtime.appId(),
        where,
        settings.token() == null ? "without a token" : "with a token");
    return () -> {
      server = null;
      started.close();
    };
  }

  private Endpoint socket(EmbeddedRuntime runtime) {
    var file = socket;
    if (file == null) {
      var folder = socketFolder == null ? Path.of("") : socketFolder;
      file = folder.resolve("dapr-" + runtime.appId() + "-grpc.socket");
    }
    file = file.toAbsolutePath();
    if (file.toString().length() > LONGEST_SOCKET_PATH) {
      throw new InvalidConfigurationException(List.of(
          "the facade's socket %s has a path longer than %d characters, which no system takes"
              .formatted(file, LONGEST_SOCKET_PATH)));
    }
    return new Endpoint.Socket(file);
  }
}
