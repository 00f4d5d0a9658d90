// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.engine;

import dev.pillion.ComponentException;
import dev.pillion.Registration;
import dev.pillion.component.Component;
import dev.pillion.component.ComponentContext;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.spi.AppInstance;
import dev.pillion.invocation.spi.NameResolverComponent;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.invocation.spi.Resolution;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Finds apps by the names that Kubernetes' DNS gives the services Dapr makes for them,
 * {@code <appId>-dapr.<namespace>.svc.cluster.local}: Dapr's {@code nameresolution.kubernetes}. All
 * pods of the headless service are found. The port is this runtime's own peer port, as in Dapr:
 * apps that call each other listen on the same one. Registers nothing: Kubernetes does.
 * Thread-safe.
 */
public final class KubernetesNameResolver implements NameResolverComponent {
  /** Where a daprd on Kubernetes takes calls of its peers. */
  private static final int PEER_PORT = 50_002;

  private static final String CLUSTER_DOMAIN = "cluster.local";
  private static final String NO_NAMESPACE = "default";

  /** For as long as Kubernetes' own DNS says by default. */
  private static final Duration VALID_FOR = Duration.ofSeconds(5);

  private static final Pattern FIELD = Pattern.compile("\\{\\{-?\\s*(.*?)\\s*-?}}");

  private final String clusterDomain;
  private final String template;
  private final HostLookup lookup;
  private volatile int port = PEER_PORT;
  private volatile @Nullable ComponentContext context;

  private KubernetesNameResolver(String clusterDomain, String template, HostLookup lookup) {
    this.clusterDomain = clusterDomain;
    this.template = template;
    this.lookup = lookup;
  }

  /** A resolver for a cluster whose domain is {@code cluster.local}. */
  public static KubernetesNameResolver create() {
    return inCluster(CLUSTER_DOMAIN);
  }

  /** A resolver for a cluster with another domain. */
  public static KubernetesNameResolver inCluster(String clusterDomain) {
    return asking("dns:", clusterDomain);
  }

  static KubernetesNameResolver asking(String servers, String clusterDomain) {
    return new KubernetesNameResolver(
        clusterDomain,
        "{{.ID}}-dapr.{{.Namespace}}.svc.%s:{{.Port}}".formatted(clusterDomain),
        new HostLookup(servers));
  }

  @Override
  public String type() {
    return "nameresolution.kubernetes";
  }

  @Override
  public void open(ComponentContext opening) {
    context = opening;
  }

  @Override
  public Registration register(AppInstance self) {
    port = self.address().port();
    return () -> {};
  }

  @Override
  public Resolution resolve(String appId, String namespace, Deadline deadline) {
    var name = name(appId, namespace.isEmpty() ? ownNamespace() : namespace);
    var hosts = HostLookup.isLiteral(name.host())
        ? List.of(name.host())
        : lookup.addresses(name.host(), deadline);
    return hosts.isEmpty()
        ? Resolution.unknown()
        : new Resolution(
            hosts.stream().map(host -> new PeerAddress(host, name.port())).toList(), VALID_FOR);
  }

  /** Every cluster has this service. */
  @Override
  public void probe(Deadline deadline) {
    ownNamespace();
    lookup.addresses("kubernetes.default.svc." + clusterDomain, deadline);
  }

  @Override
  public void close() {
    context = null;
  }

  private PeerAddress name(String appId, String namespace) {
    var text = FIELD
        .matcher(template)
        .replaceAll(field -> Matcher.quoteReplacement(
            switch (field.group(1)) {
              case ".ID" -> appId;
              case ".Namespace" -> namespace;
              default -> Integer.toString(port);
            }));
    try {
      var address = PeerAddress.parse(text);
      if (HostLookup.isHost(address.host())) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw ComponentException.failed(
        "app \"%s\" has no address: \"%s\" is no host and port".formatted(appId, text), null);
  }

  private String ownNamespace() {
    var opened = context;
    if (opened == null) {
      throw new IllegalStateException("the name resolver is not open");
    }
    return opened.namespace().isEmpty() ? NO_NAMESPACE : opened.namespace();
  }

  private static @Nullable String problem(String template) {
    var fields = FIELD.matcher(template);
    while (fields.find()) {
      if (!List.of(".ID", ".Namespace", ".Port").contains(fields.group(1))) {
        return "\"template\" has {{%s}}, and only {{.ID}}, {{.Namespace}} and {{.Port}} are supported"
            .formatted(fields.group(1));
      }
    }
    try {
      PeerAddress.parse(FIELD.matcher(template).replaceAll("1"));
      return template.contains("{{") ? null : "\"template\" must contain {{.ID}}";
    } catch (IllegalArgumentException e) {
      return "\"template\" must make an address with a port, such as {{.ID}}.{{.Namespace}}:{{.Port}}";
    }
  }

  /** Makes it from Dapr's {@code spec.nameResolution} with component {@code kubernetes}. */
  public static final class Provider implements ComponentProvider {
    /** For {@link java.util.ServiceLoader}. */
    public Provider() {}

    @Override
    public String type() {
      return "nameresolution.kubernetes";
    }

    @Override
    public Component create(ComponentSpec spec) {
      var metadata = spec.metadata();
      var byDomain = inCluster(
          metadata.text("clusterDomain").filter(text -> !text.isEmpty()).orElse(CLUSTER_DOMAIN));
      var template = metadata.text("template").orElse("");
      if (template.isEmpty()) {
        return byDomain;
      }
      var problem = problem(template);
      if (problem != null) {
        metadata.problem(problem);
      }
      return new KubernetesNameResolver(byDomain.clusterDomain, template, byDomain.lookup);
    }
  }
}
