# Completion of kanatactl(8) for bash.  What can follow is read from kanatactl's own
# usage; ids of components are asked of the kanatad that runs.

# What may stand after the words given, of the forms of the usage on standard input:
# alternatives are divided by `|`, what may be left out is in brackets.
_kanatactl_next() {
	awk -v given="$*" '
	# What may stand at place k of form i; after X ... Y it is more of X, or Y.
	function at(k) {
		return more && k >= more ? slot[more - 1] "|" slot[more + 1] : slot[k]
	}
	/^(usage:)? *kanatactl / { n++ }
	{ form[n] = form[n] " " $0 }
	END {
		count = split(given, word, " ")
		for (i = 1; i <= n; i++) {
			sub(/.*kanatactl/, "", form[i])
			gsub(/\[-[^]]*\]/, "", form[i])
			gsub(/[][]/, " ", form[i])
			gsub(/ *\| */, "|", form[i])
			split("", slot)
			slots = split(form[i], slot, " ")
			for (more = 1; more <= slots && slot[more] != "..."; more++)
				;
			if (more > slots)
				more = 0
			for (k = 1; k <= count; k++)
				if (index("|" at(k) "|", "|" word[k] "|") == 0 &&
				    at(k) !~ /(^|\|)(component|file|duration|reason)(\||$)/)
					break
			if (k > count) {
				found = at(k)
				gsub(/\|/, "\n", found)
				print found
			}
		}
	}' | sort -u
}

_kanatactl() {
	local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local usage next ids i
	local -a socket=() words=()

	COMPREPLY=()
	usage=$("$1" 2>&1 </dev/null)
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s)	socket=(-s "${COMP_WORDS[++i]}") ;;
		-?)	[[ $usage != *"[${COMP_WORDS[i]} "* ]] || ((i++)) ;;
		*)	words+=("${COMP_WORDS[i]}") ;;
		esac
	done
	if [[ $before == -s ]]; then
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -f -- "$current"))
		return
	elif [[ $before == -? && $usage == *"[$before "* ]]; then
		return
	elif [[ $current == -* && ${#words[@]} -eq 0 ]]; then
		next=$(grep -o '\[-[a-z]' <<<"$usage" | tr -d '[')
		COMPREPLY=($(compgen -W "$next" -- "$current"))
		return
	fi
	for next in $(_kanatactl_next "${words[@]}" <<<"$usage"); do
		case $next in
		component)
			ids=$("$1" "${socket[@]}" -j show components 2>/dev/null |
			    grep -o '"id": *"[A-Za-z0-9_-]*"' | cut -d'"' -f4)
			COMPREPLY+=($(compgen -W "$ids" -- "$current")) ;;
		file)
			compopt -o filenames 2>/dev/null
			COMPREPLY+=($(compgen -f -- "$current")) ;;
		duration)
			COMPREPLY+=($(compgen -W "15m 30m 1h 4h 1d" -- "$current")) ;;
		reason)	;;
		*)	COMPREPLY+=($(compgen -W "$next" -- "$current")) ;;
		esac
	done
}
complete -F _kanatactl kanatactl
