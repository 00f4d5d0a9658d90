// SPDX-License-Identifier: Apache-2.0

// An app as a daprd registers and browses it by mDNS: the same library, the same names.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/grandcat/zeroconf"
)

func main() {
	switch os.Args[1] {
	case "register":
		register(os.Args[2], os.Args[3], os.Args[4])
	case "browse":
		browse(os.Args[2], os.Args[3])
	default:
		panic("register <app id> <ip> <port> | browse <app id> <seconds>")
	}
}

// register makes an app known until the input ends, and says goodbye then.
func register(appID, ip, port string) {
	number, err := strconv.Atoi(port)
	check(err)
	host, err := os.Hostname()
	check(err)
	instance := fmt.Sprintf("%s:%d", host, os.Getpid())
	server, err := zeroconf.RegisterProxy(
		instance, appID, "local.", number, host, []string{ip}, []string{appID}, nil)
	check(err)
	fmt.Println("registered " + instance)
	_, err = io.Copy(io.Discard, os.Stdin)
	check(err)
	server.Shutdown()
	fmt.Println("left")
}

// browse prints every instance it hears of within that time.
func browse(appID, seconds string) {
	limit, err := strconv.Atoi(seconds)
	check(err)
	resolver, err := zeroconf.NewResolver(nil)
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(limit)*time.Second)
	defer cancel()
	entries := make(chan *zeroconf.ServiceEntry)
	check(resolver.Browse(ctx, appID, "local.", entries))
	for {
		select {
		case entry, more := <-entries:
			if !more {
				return
			}
			for _, ip := range entry.AddrIPv4 {
				fmt.Printf("found %s:%d %v %s\n", ip, entry.Port, entry.Text, entry.HostName)
			}
			for _, ip := range entry.AddrIPv6 {
				fmt.Printf("found [%s]:%d %v %s\n", ip, entry.Port, entry.Text, entry.HostName)
			}
		case <-ctx.Done():
			return
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
