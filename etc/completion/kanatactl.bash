# Completion of kanatactl(8) for bash.  What can follow is read from kanatactl's own
# usage; ids of components are asked of the kanatad that runs.

# What may stand after the words given, of the forms of the usage on standard input:
# alternatives are divided by `|`, what may be left out is in brackets.
_kanatactl_next() {
	awk -v given="$*" '
	/^(usage:)? *kanatactl / { n++ }
	{ form[n] = form[n] " " $0 }
	END {
		count = split(given, word, " ")
		for (i = 1; i <= n; i++) {
			sub(/.*kanatactl/, "", form[i])
			gsub(/\[-[^]]*\]/, "", form[i])
			gsub(/[][]/, " ", form[i])
			gsub(/ *\| */, "|", form[i])
			slots = split(form[i], slot, " ")
			for (k = 1; k <= count && k <= slots; k++)
				if (index("|" slot[k] "|", "|" word[k] "|") == 0 &&
				    slot[k] !~ /^(component|file|duration)$/)
					break
			if (k == count + 1 && k <= slots) {
				gsub(/\|/, "\n", slot[k])
				print slot[k]
			}
		}
	}' | sort -u
}

_kanatactl() {
	local current=${COMP_WORDS[COMP_CWORD]} next word
	local -a options=() words=()
	local i

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s)	options=(-s "${COMP_WORDS[++i]}") ;;
		-*)	;;
		*)	words+=("${COMP_WORDS[i]}") ;;
		esac
	done
	if [[ ${COMP_WORDS[COMP_CWORD - 1]} == -s ]]; then
		compopt -o filenames 2>/dev/null
		COMPREPLY=($(compgen -f -- "$current"))
		return
	fi
	if [[ $current == -* && ${#words[@]} -eq 0 ]]; then
		COMPREPLY=($(compgen -W "-j -s" -- "$current"))
		return
	fi
	for next in $("$1" 2>&1 </dev/null | _kanatactl_next "${words[@]}"); do
		case $next in
		component)
			word=$("$1" "${options[@]}" -j show components 2>/dev/null |
			    grep -o '"id": *"[A-Za-z0-9_-]*"' | cut -d'"' -f4)
			COMPREPLY+=($(compgen -W "$word" -- "$current")) ;;
		file)
			compopt -o filenames 2>/dev/null
			COMPREPLY+=($(compgen -f -- "$current")) ;;
		duration)
			COMPREPLY+=($(compgen -W "15m 30m 1h 4h 1d" -- "$current")) ;;
		reason | text | socket)
			;;
		*)
			COMPREPLY+=($(compgen -W "$next" -- "$current")) ;;
		esac
	done
}
complete -F _kanatactl kanatactl
