// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP service outside, that is called by a name as apps are: Dapr's HTTPEndpoint. Immutable;
 * each method returns another one.
 *
 * <pre>{@code
 * HttpEndpoint.at("payments", "https://api.example.com/v1").header("X-Api-Key", key)
 * }</pre>
 */
public final class HttpEndpoint {
  private final String name;
  private final URI baseUrl;
  private final Map<String, List<String>> headers;
  private final @Nullable ClientTls tls;

  /**
   * Whom a call trusts, and who it says it is; everything is PEM text.
   *
   * @param rootCa the certificates that are trusted; empty for those of the JVM
   * @param certificate shown to the service; empty for none
   * @param privateKey of the certificate, PKCS #8; empty for none
   */
  public record ClientTls(String rootCa, String certificate, String privateKey) {
    /**
     * Checks that certificate and key come together.
     *
     * @throws IllegalArgumentException when one is there without the other
     */
    public ClientTls {
      if (certificate.isEmpty() != privateKey.isEmpty()) {
        throw new IllegalArgumentException(
            "a certificate and its privateKey come together, or not at all");
      }
    }

    /** Says what there is, and shows nothing of it. */
    @Override
    public String toString() {
      return "%s, %s certificate"
          .formatted(
              rootCa.isEmpty() ? "the JVM's trust" : "its own rootCA",
              certificate.isEmpty() ? "without" : "with");
    }
  }

  private HttpEndpoint(
      String name, URI baseUrl, Map<String, List<String>> headers, @Nullable ClientTls tls) {
    this.name = name;
    this.baseUrl = baseUrl;
    this.headers = headers;
    this.tls = tls;
  }

  /**
   * An endpoint.
   *
   * @param name by which it is called; it takes precedence over an app of that id
   * @param baseUrl what the method's path is put behind, {@code http} or {@code https}
   * @throws IllegalArgumentException when the name is empty or has a dot or a slash in it, or the
   *     URL is not absolute, or has a query, a fragment or a user in it
   */
  public static HttpEndpoint at(String name, String baseUrl) {
    if (name.isBlank() || name.contains("/") || name.contains(".")) {
      throw new IllegalArgumentException(
          "the name of an HTTP endpoint is an app id, without dots and slashes, not \"%s\""
              .formatted(name));
    }
    return new HttpEndpoint(name, url(baseUrl), Map.of(), null);
  }

  /**
   * What a URL calls that is its own name.
   *
   * @throws IllegalArgumentException as {@link #at}
   */
  public static HttpEndpoint at(String url) {
    return new HttpEndpoint(url, url(url), Map.of(), null);
  }

  /** No message repeats what may be a password. */
  private static URI url(String text) {
    URI url;
    try {
      url = URI.create(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("the URL of an HTTP endpoint is not of a URL's form", e);
    }
    if (url.getHost() == null
        || !("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
      throw new IllegalArgumentException(
          "the URL of an HTTP endpoint begins with http:// or https:// and a host");
    }
    if (url.getRawQuery() != null || url.getRawFragment() != null || url.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "the URL of an HTTP endpoint has neither query nor fragment nor user; write the query into InvocationRequest, the user into a header");
    }
    return url;
  }

  /**
   * The same with one more header, which has the place of the caller's; a name that is there
   * already gets another value.
   *
   * @throws IllegalArgumentException when the name is empty, or either has a control character in
   *     it
   */
  public HttpEndpoint header(String header, String value) {
    var checked = InvokeOptions.defaults().header(header, value).headers();
    var more = new LinkedHashMap<>(headers);
    more.merge(header, checked.getOrDefault(header, List.of()), (old, added) -> {
      var both = new ArrayList<>(old);
      both.addAll(added);
      return List.copyOf(both);
    });
    return new HttpEndpoint(name, baseUrl, Collections.unmodifiableMap(more), tls);
  }

  /** The same with this TLS; the JVM's trust, and no certificate, unless set. */
  public HttpEndpoint clientTls(ClientTls other) {
    return new HttpEndpoint(name, baseUrl, headers, other);
  }

  /** Its name; the URL itself where it has none. */
  public String name() {
    return name;
  }

  /** What the method's path is put behind. */
  public URI baseUrl() {
    return baseUrl;
  }

  /** Headers that every call gets; unmodifiable. */
  public Map<String, List<String>> headers() {
    return headers;
  }

  /** Its TLS; null for the JVM's. */
  public @Nullable ClientTls clientTls() {
    return tls;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof HttpEndpoint that
        && name.equals(that.name)
        && baseUrl.equals(that.baseUrl)
        && headers.equals(that.headers)
        && Objects.equals(tls, that.tls);
  }

  @Override
  public int hashCode() {
    return Objects.hash(name, baseUrl, headers, tls);
  }

  /** Name and URL; no header, which may be a secret. */
  @Override
  public String toString() {
    return name.equals(baseUrl.toString()) ? name : name + " at " + baseUrl;
  }
}
